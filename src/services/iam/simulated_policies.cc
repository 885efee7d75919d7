// SPDX-License-Identifier: Apache-2.0
#include "services/iam/simulated_policies.h"

#include <fmt/format.h>

#include "services/arn.h"
#include "services/iam/aws_managed_policies.h"
#include "services/iam/entities.h"
#include "services/iam/managed_policy.h"
#include "services/iam_names.h"

namespace coffer::services::iam {
namespace {

using catalog::IamEntity;
using catalog::NamedPolicy;

// The kind of an ARN of a user, group or role of IAM; null for another.
const EntityKind* kind_of(const Arn& arn) {
  for (const EntityKind* kind : {&kUser, &kGroup, &kRole})
    if (arn.service == "iam" && arn.resource.starts_with(std::string(kind->kind) + "/")) return kind;
  return nullptr;
}

Result<std::string> managed_text(catalog::Transaction& transaction, const std::string& arn) {
  if (const auto* known = find_aws_managed_policy(arn)) return std::string(known->document);
  COFFER_TRY(policy, transaction.managed_policy(arn));
  COFFER_TRY(versions, transaction.policy_versions(arn));
  for (auto& version : versions)
    if (policy && version.version == policy->default_version) return std::move(version.document);
  return std::string();
}

Status add_policies_of(catalog::Transaction& transaction, const IamEntity& entity,
                       std::vector<NamedPolicy>& into) {
  COFFER_TRY(inline_policies, transaction.inline_policies(entity.id));
  for (auto& policy : inline_policies)
    into.push_back(
        {fmt::format("{}_{}_{}", entity.kind, entity.name, policy.name), std::move(policy.document)});
  COFFER_TRY(arns, transaction.attached_policies(entity.id));
  for (const auto& arn : arns) {
    COFFER_TRY(text, managed_text(transaction, arn));
    into.push_back({name_of_policy(arn), std::move(text)});
  }
  return {};
}

struct Stored {
  std::optional<IamEntity> entity;
  std::vector<NamedPolicy> identity;
  std::optional<NamedPolicy> boundary;
};

Status read_stored(catalog::Transaction& transaction, const std::string& account, const EntityKind& kind,
                   const std::string& arn, Stored& stored) {
  COFFER_TRY(entity, transaction.iam_entity_named(account, kind.kind, arn.substr(arn.rfind('/') + 1)));
  if (!entity || entity_arn(*entity) != arn) return {};
  COFFER_CHECK(add_policies_of(transaction, *entity, stored.identity));
  if (entity->kind == kUser.kind) {
    COFFER_TRY(groups, transaction.groups_of_user(entity->id));
    for (const auto& group : groups) COFFER_CHECK(add_policies_of(transaction, group, stored.identity));
  }
  if (!entity->boundary_arn.empty()) {
    COFFER_TRY(text, managed_text(transaction, entity->boundary_arn));
    stored.boundary = NamedPolicy{name_of_policy(entity->boundary_arn), std::move(text)};
  }
  stored.entity = std::move(entity);
  return {};
}

// A role acts by its sessions; a group by its members, none of whom is meant.
policy::CallerIdentity identity_of(const IamEntity& entity) {
  policy::CallerIdentity identity;
  identity.account = entity.account;
  identity.type = policy::CallerType::kUser;
  identity.id = entity.id;
  identity.arn = entity_arn(entity);
  if (entity.kind != kRole.kind) return identity;
  identity.type = policy::CallerType::kRoleSession;
  identity.source_arn = entity_arn(entity);
  identity.arn = assumed_role_arn(entity, "simulation");
  identity.id = entity.id + ":simulation";
  return identity;
}

}  // namespace

Result<policy::AttachedPolicy> read_simulated(Call& call, SimulatedPolicies& into, const std::string& name,
                                              const std::string& text, policy::DocumentKind kind) {
  auto document = call.installation.documents->read(text, kind);
  if (!document) return invalid_input(fmt::format("{}: {}", name, document.error().message));
  into.documents.push_back(*document);
  into.texts[name] = text;
  return policy::AttachedPolicy{name, document->get()};
}

Status add_input_policies(Call& call, SimulatedPolicies& into, const std::vector<std::string>& texts) {
  for (size_t i = 0; i < texts.size(); ++i) {
    COFFER_TRY(policy, read_simulated(call, into, fmt::format("PolicyInputList.{}", i + 1), texts[i],
                                      policy::DocumentKind::kIdentity));
    into.caller.identity_policies.push_back(std::move(policy));
  }
  return {};
}

Status add_principal(Call& call, SimulatedPolicies& into, const std::string& arn) {
  COFFER_CHECK(authorise_on(call, arn));
  const auto parsed = parse_arn(arn);
  const EntityKind* kind = parsed ? kind_of(*parsed) : nullptr;
  if (kind == nullptr)
    return invalid_input(fmt::format("{} is not the ARN of a user, a group or a role.", arn));
  Stored stored;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) {
    return read_stored(transaction, call.account, *kind, arn, stored);
  }));
  if (!stored.entity)
    return no_such_entity(
        fmt::format("The {} with name {} cannot be found.", kind->kind, arn.substr(arn.rfind('/') + 1)));
  into.caller.identity = identity_of(*stored.entity);
  into.principal_tags = stored.entity->tags;
  for (const auto& each : stored.identity) {
    COFFER_TRY(policy, read_simulated(call, into, each.name, each.document, policy::DocumentKind::kIdentity));
    into.caller.identity_policies.push_back(std::move(policy));
  }
  if (stored.boundary) {
    COFFER_TRY(policy, read_simulated(call, into, stored.boundary->name, stored.boundary->document,
                                      policy::DocumentKind::kIdentity));
    into.caller.boundary = std::move(policy);
  }
  COFFER_TRY(organization, call.installation.organizations->find(call.installation, call.account));
  if (organization && !is_service_linked(*stored.entity))
    into.caller.service_control_levels = organization->service_control;
  into.organization = std::move(organization);
  return {};
}

}  // namespace coffer::services::iam
