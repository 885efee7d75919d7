// SPDX-License-Identifier: Apache-2.0
#include "services/iam/entities.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/ids.h"
#include "services/iam/managed_policy.h"
#include "services/iam/quotas.h"
#include "services/iam_names.h"
#include "services/request_tags.h"
#include "wire/http.h"

namespace coffer::services::iam {
namespace {

using catalog::IamEntity;

tl::unexpected<Error> cannot_be_found(const EntityKind& kind, const std::string& name) {
  return no_such_entity(fmt::format("The {} with name {} cannot be found.", kind.kind, name));
}

// Of these operations iam:PermissionsBoundary is that of the user or role as it is (Service Authorization
// Reference, AWS Identity and Access Management); of those that lay one down, the one that is to be.
void add_present_boundary(std::string_view operation, const IamEntity& entity, policy::Context& context) {
  constexpr std::array<std::string_view, 10> kAsk = {"AttachRolePolicy",
                                                     "AttachUserPolicy",
                                                     "DeleteRolePermissionsBoundary",
                                                     "DeleteRolePolicy",
                                                     "DeleteUserPermissionsBoundary",
                                                     "DeleteUserPolicy",
                                                     "DetachRolePolicy",
                                                     "DetachUserPolicy",
                                                     "PutRolePolicy",
                                                     "PutUserPolicy"};
  if (!entity.boundary_arn.empty() && std::ranges::find(kAsk, operation) != kAsk.end())
    context.set("iam:PermissionsBoundary", entity.boundary_arn);
}

const Quota& quota_of(const EntityKind& kind) {
  const std::string_view name = kind.kind;
  return name == kUsersQuota.kind ? kUsersQuota : name == kGroupsQuota.kind ? kGroupsQuota : kRolesQuota;
}

}  // namespace

tl::unexpected<Error> no_such_entity(std::string message) {
  return fail(ErrorKind::kNotFound, std::move(message), "NoSuchEntity");
}
tl::unexpected<Error> delete_conflict(std::string message) {
  return fail(ErrorKind::kConflict, std::move(message), "DeleteConflict");
}
tl::unexpected<Error> limit_exceeded(std::string message) {
  return fail(ErrorKind::kLimitExceeded, std::move(message), "LimitExceeded");
}
tl::unexpected<Error> invalid_input(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "InvalidInput");
}

Result<IamEntity> find_entity(Call& call, const EntityKind& kind, const std::string& name,
                              policy::Context context) {
  std::optional<IamEntity> found;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.iam_entity_named(call.account, kind.kind, name));
    found = std::move(row);
    return {};
  }));
  if (found) context.set_all(entity_context(call.operation, *found));
  COFFER_CHECK(
      call.authorise({.action = "iam:" + call.operation,
                      .resource = found ? entity_arn(*found) : iam_arn(call.account, kind.kind, "/", name),
                      .context = std::move(context)}));
  if (!found) return cannot_be_found(kind, name);
  return std::move(*found);
}

Result<IamEntity> require_entity(catalog::Transaction& transaction, const std::string& account,
                                 const EntityKind& kind, const std::string& name) {
  COFFER_TRY(found, transaction.iam_entity_named(account, kind.kind, name));
  if (!found) return cannot_be_found(kind, name);
  return std::move(*found);
}

Result<std::optional<IamEntity>> find_user_or_caller(Call& call, const std::optional<std::string>& name) {
  if (!name && call.principal.type != policy::PrincipalType::kUser) {
    COFFER_CHECK(call.authorise("iam:" + call.operation, iam_arn(call.account, "user", "/", "*")));
    return std::optional<IamEntity>();
  }
  COFFER_TRY(user, find_entity(call, kUser, name.value_or(policy::entity_name(call.principal.arn))));
  return std::optional(std::move(user));
}

Status authorise_creation(Call& call, AccessQuestion question,
                          const std::optional<std::vector<api::Tag>>& tags,
                          const std::string& tagging_action) {
  if (!tags || tags->empty()) return call.authorise(question);
  add_request_tags(*tags, question.context);
  COFFER_CHECK(call.authorise(question));
  question.action = tagging_action;
  return call.authorise(question);
}

Result<IamEntity> new_entity(Call& call, const EntityKind& kind, const std::optional<std::string>& path,
                             const std::string& name, const std::optional<std::string>& boundary_arn,
                             const std::optional<std::vector<api::Tag>>& tags) {
  IamEntity entity;
  entity.id = make_iam_id(call.installation.random, kind.id_prefix);
  entity.kind = kind.kind;
  entity.account = call.account;
  entity.path = path.value_or("/");
  entity.name = name;
  entity.created = call.time;
  entity.boundary_arn = boundary_arn.value_or("");
  AccessQuestion question{.action = "iam:" + call.operation, .resource = entity_arn(entity)};
  if (boundary_arn) question.context.set("iam:PermissionsBoundary", *boundary_arn);
  COFFER_CHECK(authorise_creation(call, std::move(question), tags, fmt::format("iam:Tag{}", kind.title)));
  if (boundary_arn) COFFER_CHECK(check_policy_arn(*boundary_arn));
  COFFER_TRY(checked, checked_tags(tags));
  entity.tags = std::move(checked);
  return entity;
}

Status insert_entity(catalog::Transaction& transaction, const EntityKind& kind, const IamEntity& entity) {
  if (!entity.boundary_arn.empty())
    COFFER_CHECK(require_attachable(transaction, entity.account, entity.boundary_arn, kind.title));
  auto inserted = transaction.insert_iam_entity(entity);
  if (!inserted && inserted.error().kind == ErrorKind::kConflict)
    return fail(ErrorKind::kConflict, fmt::format("{} with name {} already exists.", kind.title, entity.name),
                "EntityAlreadyExists");
  COFFER_CHECK(inserted);
  return check_quota(transaction, entity.account, quota_of(kind));
}

Status remove_entity(catalog::Transaction& transaction, const IamEntity& entity) {
  COFFER_TRY(attached, transaction.attached_policies(entity.id));
  if (!attached.empty()) return delete_conflict("Cannot delete entity, must detach all policies first.");
  COFFER_TRY(inline_policies, transaction.inline_policies(entity.id));
  if (!inline_policies.empty()) return delete_conflict("Cannot delete entity, must delete policies first.");
  COFFER_CHECK(transaction.remove_sessions_of(entity.id));
  return transaction.remove_iam_entity(entity.id);
}

bool is_service_linked(const IamEntity& entity) {
  return entity.kind == "role" && entity.path.starts_with(kServiceLinkedPath);
}

Status check_modifiable(const IamEntity& entity) {
  if (!is_service_linked(entity)) return {};
  return fail(ErrorKind::kConflict,
              fmt::format("Cannot perform the operation on the protected role '{}' - this role is only "
                          "modifiable by AWS",
                          entity.name),
              "UnmodifiableEntity");
}

std::string make_iam_id(Random& random, std::string_view prefix) {
  constexpr size_t kLength = 21;
  return make_access_key_id(random, prefix).substr(0, kLength) + "A";
}

void add_request_tags(const std::vector<api::Tag>& tags, policy::Context& context) {
  for (const auto& tag : tags) add_request_tag(tag.key, tag.value, context);
}

void add_resource_tags(const Tags& tags, policy::Context& context) {
  for (const auto& [name, value] : tags) {
    context.set("aws:ResourceTag/" + name, value);
    context.set("iam:ResourceTag/" + name, value);
  }
}

policy::Context entity_context(std::string_view operation, const IamEntity& entity) {
  policy::Context context;
  add_resource_tags(entity.tags, context);
  add_present_boundary(operation, entity, context);
  return context;
}

Result<Tags> checked_tags(const std::optional<std::vector<api::Tag>>& tags) {
  Tags checked;
  std::set<std::string> names;
  for (const auto& tag : tags.value_or(std::vector<api::Tag>())) {
    if (!names.insert(wire::lower_case(tag.key)).second)
      return invalid_input("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    if (wire::lower_case(tag.key).starts_with("aws:"))
      return invalid_input("Tag keys must not begin with aws:, which is reserved.");
    checked.emplace_back(tag.key, tag.value);
  }
  return checked;
}

std::vector<api::Tag> api_tags(const Tags& tags) {
  std::vector<api::Tag> all;
  for (const auto& [name, value] : tags) all.push_back({name, value});
  return all;
}

std::optional<api::AttachedPermissionsBoundary> api_boundary(const IamEntity& entity) {
  if (entity.boundary_arn.empty()) return std::nullopt;
  return api::AttachedPermissionsBoundary{"PermissionsBoundaryPolicy", entity.boundary_arn};
}

}  // namespace coffer::services::iam
