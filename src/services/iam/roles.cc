// SPDX-License-Identifier: Apache-2.0
// CreateRole, GetRole, ListRoles, UpdateRole, UpdateRoleDescription, UpdateAssumeRolePolicy, DeleteRole.
#include "services/iam/documents.h"
#include "services/iam/entities.h"
#include "services/iam/paging.h"
#include "services/iam/trust_policy.h"
#include "services/iam_names.h"

namespace coffer::services::iam {
namespace {

using catalog::IamEntity;

constexpr int32_t kUsualSession = 3600;  // seconds

// In an instance profile it cannot go.
Status remove_role(catalog::Transaction& transaction, const IamEntity& role) {
  COFFER_TRY(profiles, transaction.instance_profiles_of_role(role.id));
  if (!profiles.empty())
    return delete_conflict("Cannot delete entity, must remove roles from instance profile first.");
  return remove_entity(transaction, role);
}

}  // namespace

api::Role api_role(const IamEntity& role) {
  api::Role shown;
  shown.path = role.path;
  shown.role_name = role.name;
  shown.role_id = role.id;
  shown.arn = entity_arn(role);
  shown.create_date = role.created;
  shown.assume_role_policy_document = encoded_document(role.trust_policy);
  if (!role.description.empty()) shown.description = role.description;
  shown.max_session_duration = role.longest_session_seconds;
  shown.permissions_boundary = api_boundary(role);
  if (!role.tags.empty()) shown.tags = api_tags(role.tags);
  return shown;
}

Result<api::RoleLastUsed> role_last_used(catalog::Transaction& transaction, const IamEntity& role,
                                         Timestamp now) {
  constexpr int64_t kRemembered = int64_t{400} * 24 * 3600 * 1'000'000;  // microseconds
  COFFER_TRY(use, transaction.role_use(role.id));
  if (!use || use->time.microseconds < now.microseconds - kRemembered) return api::RoleLastUsed{};
  return api::RoleLastUsed{use->time, use->region};
}

Result<api::CreateRoleResponse> IamService::create_role(Call& call, const api::CreateRoleRequest& request) {
  COFFER_TRY(role, new_entity(call, kRole, request.path, request.role_name, request.permissions_boundary,
                              request.tags));
  if (is_service_linked(role))
    return invalid_input(
        "The path /aws-service-role/ is for service-linked roles, which CreateServiceLinkedRole "
        "makes.");
  COFFER_CHECK(check_trust_policy(call, request.assume_role_policy_document));
  role.trust_policy = request.assume_role_policy_document;
  role.description = request.description.value_or("");
  role.longest_session_seconds = request.max_session_duration.value_or(kUsualSession);
  return call.commit<api::CreateRoleResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreateRoleResponse> {
        COFFER_CHECK(insert_entity(transaction, kRole, role));
        return api::CreateRoleResponse{api_role(role)};
      });
}

Result<api::GetRoleResponse> IamService::get_role(Call& call, const api::GetRoleRequest& request) {
  COFFER_TRY(role, find_entity(call, kRole, request.role_name));
  api::Role shown = api_role(role);
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(used, role_last_used(transaction, role, call.time));
    shown.role_last_used = std::move(used);
    return {};
  }));
  return api::GetRoleResponse{std::move(shown)};
}

Result<api::ListRolesResponse> IamService::list_roles(Call& call, const api::ListRolesRequest& request) {
  const std::string prefix = request.path_prefix.value_or("/");
  COFFER_CHECK(call.authorise("iam:ListRoles", iam_arn(call.account, "role", prefix, "")));
  COFFER_TRY(page, page_of("ListRoles", request.marker, request.max_items));
  std::vector<IamEntity> roles;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.iam_entities(call.account, "role", prefix, page.after, page.limit + 1));
    roles = std::move(found);
    return {};
  }));
  api::ListRolesResponse response;
  end_page(roles, page, response, [](const IamEntity& role) { return role.name; });
  response.roles.emplace();
  for (const auto& role : roles) response.roles->push_back(api_role(role));
  return response;
}

Result<api::UpdateRoleResponse> IamService::update_role(Call& call, const api::UpdateRoleRequest& request) {
  COFFER_TRY(role, find_entity(call, kRole, request.role_name));
  if (request.max_session_duration) COFFER_CHECK(check_modifiable(role));
  return edit_entity<api::UpdateRoleResponse>(
      call, role, [&](catalog::Transaction&, IamEntity& current) -> Status {
        current.description = request.description.value_or(current.description);
        current.longest_session_seconds =
            request.max_session_duration.value_or(current.longest_session_seconds);
        return {};
      });
}

Result<api::UpdateRoleDescriptionResponse> IamService::update_role_description(
    Call& call, const api::UpdateRoleDescriptionRequest& request) {
  COFFER_TRY(role, find_entity(call, kRole, request.role_name));
  return call.commit<api::UpdateRoleDescriptionResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::UpdateRoleDescriptionResponse> {
        COFFER_TRY(current, require_entity(transaction, call.account, kRole, role.name));
        current.description = request.description;
        COFFER_CHECK(transaction.update_iam_entity(current));
        return api::UpdateRoleDescriptionResponse{api_role(current)};
      });
}

Result<api::UpdateAssumeRolePolicyResponse> IamService::update_assume_role_policy(
    Call& call, const api::UpdateAssumeRolePolicyRequest& request) {
  COFFER_TRY(role, find_entity(call, kRole, request.role_name));
  COFFER_CHECK(check_modifiable(role));
  COFFER_CHECK(check_trust_policy(call, request.policy_document));
  return edit_entity<api::UpdateAssumeRolePolicyResponse>(
      call, role, [&](catalog::Transaction&, IamEntity& current) -> Status {
        current.trust_policy = request.policy_document;
        return {};
      });
}

Result<api::DeleteRoleResponse> IamService::delete_role(Call& call, const api::DeleteRoleRequest& request) {
  COFFER_TRY(role, find_entity(call, kRole, request.role_name));
  COFFER_CHECK(check_modifiable(role));
  return change<api::DeleteRoleResponse>(
      call, [&](catalog::Transaction& transaction) { return remove_role(transaction, role); });
}

}  // namespace coffer::services::iam
