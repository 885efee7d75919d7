// SPDX-License-Identifier: Apache-2.0
// What is attached to a principal: load_caller of authorisation.h.
#include <fmt/format.h>

#include "services/authorisation.h"
#include "services/iam/aws_managed_policies.h"
#include "services/iam_names.h"
#include "services/stored_policy.h"

namespace coffer {
namespace {

using catalog::IamEntity;
using policy::PrincipalType;

// The texts as the catalog has them, before they are read.
struct Attachments {
  std::vector<catalog::NamedPolicy> identity, session;
  std::optional<catalog::NamedPolicy> boundary;
};

// Nothing when the policy is not there.
Result<std::optional<std::string>> managed_document(catalog::Transaction& transaction,
                                                    const std::string& arn) {
  if (const auto* known = services::iam::find_aws_managed_policy(arn)) return std::string(known->document);
  COFFER_TRY(policy, transaction.managed_policy(arn));
  if (!policy) return std::optional<std::string>();
  COFFER_TRY(versions, transaction.policy_versions(arn));
  for (auto& version : versions)
    if (version.version == policy->default_version) return std::move(version.document);
  return std::optional<std::string>();
}

Status add_policies_of(catalog::Transaction& transaction, const IamEntity& entity,
                       std::vector<catalog::NamedPolicy>& into) {
  COFFER_TRY(inline_policies, transaction.inline_policies(entity.id));
  for (auto& policy : inline_policies)
    into.push_back(
        {fmt::format("{}/{}/{}", entity.kind, entity.name, policy.name), std::move(policy.document)});
  COFFER_TRY(arns, transaction.attached_policies(entity.id));
  for (auto& arn : arns) {
    COFFER_TRY(document, managed_document(transaction, arn));
    if (document) into.push_back({std::move(arn), std::move(*document)});
  }
  return {};
}

// A boundary or a session policy that is not there (any more) allows nothing; without it there would be no
// bounds.
catalog::NamedPolicy or_nothing(const std::string& arn, std::optional<std::string> document) {
  constexpr const char* kNothing =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]})";
  return {arn, document ? std::move(*document) : kNothing};
}

Status add_boundary(catalog::Transaction& transaction, const IamEntity& entity, Attachments& attachments) {
  if (entity.boundary_arn.empty()) return {};
  COFFER_TRY(document, managed_document(transaction, entity.boundary_arn));
  attachments.boundary = or_nothing(entity.boundary_arn, std::move(document));
  return {};
}

Status add_session_policies(catalog::Transaction& transaction, const policy::Principal& principal,
                            Attachments& attachments) {
  for (const auto& policy : principal.session.policies) {
    if (!policy.starts_with("arn:")) {
      attachments.session.push_back({"session policy", policy});
      continue;
    }
    COFFER_TRY(document, managed_document(transaction, policy));
    attachments.session.push_back(or_nothing(policy, std::move(document)));
  }
  return {};
}

// By the id where the credentials told it, else (in the background) by the name.
Result<std::optional<IamEntity>> find_entity(catalog::Transaction& transaction,
                                             const policy::Principal& principal) {
  if (principal.type == PrincipalType::kFederatedUser)
    return transaction.iam_entity_named(principal.account, "user", policy::entity_name(principal.source_arn));
  if (!principal.id.empty()) return transaction.iam_entity(principal.id.substr(0, principal.id.find(':')));
  const char* kind = principal.type == PrincipalType::kUser ? "user" : "role";
  return transaction.iam_entity_named(principal.account, kind, policy::entity_name(principal.arn));
}

// Is it whom a stored ARN meant, when the work in its name began (session.issued, where that is known), or
// another who has the name by now?
bool is_meant(const IamEntity& entity, const policy::Principal& principal) {
  if (!principal.id.empty() || principal.type == PrincipalType::kFederatedUser) return true;
  const std::string arn =
      entity.kind == "user"
          ? services::entity_arn(entity)
          : services::assumed_role_arn(entity, principal.arn.substr(principal.arn.rfind('/') + 1));
  const Timestamp began = principal.session.issued;
  return arn == principal.arn && (began == Timestamp() || entity.created <= began);
}

// The ids and the path that a stored ARN does not tell.
void complete(policy::CallerIdentity& identity, const IamEntity& entity) {
  if (identity.type == policy::CallerType::kFederatedUser) return;
  if (entity.kind == "user") {
    identity.id = entity.id;
    return;
  }
  identity.source_arn = services::entity_arn(entity);
  identity.id = entity.id + ":" + identity.arn.substr(identity.arn.rfind('/') + 1);
}

class Reader {
 public:
  Reader(policy::DocumentCache& cache, CallerPolicies& into) : cache_(cache), into_(into) {}

  Result<policy::AttachedPolicy> read(catalog::NamedPolicy policy) {
    COFFER_TRY(document,
               services::read_stored_policy(cache_, policy.document, policy::DocumentKind::kIdentity,
                                            "policy " + policy.name));
    into_.documents.push_back(document);
    return policy::AttachedPolicy{std::move(policy.name), document.get()};
  }
  Status read_all(std::vector<catalog::NamedPolicy>& policies, std::vector<policy::AttachedPolicy>& into) {
    for (auto& each : policies) {
      COFFER_TRY(attached, read(std::move(each)));
      into.push_back(std::move(attached));
    }
    return {};
  }

 private:
  policy::DocumentCache& cache_;
  CallerPolicies& into_;
};

bool has_entity(const policy::Principal& principal) {
  if (principal.type == PrincipalType::kFederatedUser)
    return !policy::entity_name(principal.source_arn).empty();
  return principal.type == PrincipalType::kUser || principal.type == PrincipalType::kRoleSession;
}

// Service control policies bind everybody in a member account, its root user too.
Status add_organization(Installation& installation, const std::string& account, CallerPolicies& loaded) {
  COFFER_TRY(organization, installation.organizations->find(installation, account));
  if (organization && !services::is_service_linked_role(loaded.caller.identity.source_arn))
    loaded.caller.service_control_levels = organization->service_control;
  if (organization && organization->closed) loaded.nobody_because = "because its account is closed";
  loaded.organization = std::move(organization);
  return {};
}

// Who is in no row: root users, Unix users, web identities, and root's federated users, who have session
// policies alone.
Status add_without_entity(Installation& installation, const policy::Principal& principal,
                          CallerPolicies& loaded) {
  if (principal.type == PrincipalType::kUnixUser && !principal.owner)
    loaded.nobody_because = "because the user does not own this installation";
  COFFER_CHECK(add_organization(installation, principal.account, loaded));
  Attachments attachments;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) {
    return add_session_policies(transaction, principal, attachments);
  }));
  return Reader(*installation.documents, loaded)
      .read_all(attachments.session, loaded.caller.session_policies);
}

Result<SharedCallerPolicies> read_caller(Installation& installation, const policy::Principal& principal) {
  auto loaded = std::make_shared<CallerPolicies>();
  loaded->caller.identity = policy::caller_identity(principal);
  if (!has_entity(principal)) {
    COFFER_CHECK(add_without_entity(installation, principal, *loaded));
    return SharedCallerPolicies(std::move(loaded));
  }
  Attachments attachments;
  std::optional<IamEntity> entity;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, find_entity(transaction, principal));
    if (!found || !is_meant(*found, principal)) return {};
    entity = std::move(found);
    COFFER_CHECK(add_policies_of(transaction, *entity, attachments.identity));
    if (entity->kind == "user") {
      COFFER_TRY(groups, transaction.groups_of_user(entity->id));
      for (const auto& group : groups)
        COFFER_CHECK(add_policies_of(transaction, group, attachments.identity));
    }
    COFFER_CHECK(add_boundary(transaction, *entity, attachments));
    return add_session_policies(transaction, principal, attachments);
  }));
  if (!entity) {
    loaded->nobody_because = "because it does not exist any more";
    return SharedCallerPolicies(std::move(loaded));
  }
  complete(loaded->caller.identity, *entity);
  COFFER_CHECK(add_organization(installation, principal.account, *loaded));
  loaded->tags = std::move(entity->tags);
  Reader reader(*installation.documents, *loaded);
  COFFER_CHECK(reader.read_all(attachments.identity, loaded->caller.identity_policies));
  COFFER_CHECK(reader.read_all(attachments.session, loaded->caller.session_policies));
  if (attachments.boundary) {
    COFFER_TRY(boundary, reader.read(std::move(*attachments.boundary)));
    loaded->caller.boundary = std::move(boundary);
  }
  return SharedCallerPolicies(std::move(loaded));
}

}  // namespace

// Who has no access key (a Unix user, somebody in whose name work goes on) asks too seldom to be kept.
Result<SharedCallerPolicies> load_caller(Installation& installation, const policy::Principal& principal) {
  if (principal.access_key_id.empty()) return read_caller(installation, principal);
  // With the name that it authenticated under: a user may be renamed between that and this.
  return installation.callers->get(installation.catalog, principal.access_key_id + "\n" + principal.arn,
                                   [&] { return read_caller(installation, principal); });
}

}  // namespace coffer
