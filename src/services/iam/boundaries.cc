// SPDX-License-Identifier: Apache-2.0
// PutUserPermissionsBoundary, DeleteUserPermissionsBoundary, and the same for roles.
#include <fmt/format.h>

#include "services/iam/entities.h"
#include "services/iam/managed_policy.h"

namespace coffer::services::iam {
namespace {

using catalog::IamEntity;

template <class Response>
Result<Response> put(Call& call, const EntityKind& kind, const std::string& name, const std::string& arn) {
  policy::Context context;
  context.set("iam:PermissionsBoundary", arn);
  COFFER_TRY(entity, find_entity(call, kind, name, std::move(context)));
  COFFER_CHECK(check_policy_arn(arn));
  COFFER_CHECK(check_modifiable(entity));
  return edit_entity<Response>(call, entity,
                               [&](catalog::Transaction& transaction, IamEntity& current) -> Status {
                                 COFFER_CHECK(require_attachable(transaction, call.account, arn, kind.title));
                                 current.boundary_arn = arn;
                                 return {};
                               });
}

template <class Response>
Result<Response> remove(Call& call, const EntityKind& kind, const std::string& name) {
  COFFER_TRY(entity, find_entity(call, kind, name));
  COFFER_CHECK(check_modifiable(entity));
  return edit_entity<Response>(call, entity, [&](catalog::Transaction&, IamEntity& current) -> Status {
    if (current.boundary_arn.empty())
      return no_such_entity(fmt::format("{} {} does not have a permission boundary.", kind.title, name));
    current.boundary_arn.clear();
    return {};
  });
}

}  // namespace

Result<api::PutUserPermissionsBoundaryResponse> IamService::put_user_permissions_boundary(
    Call& call, const api::PutUserPermissionsBoundaryRequest& request) {
  return put<api::PutUserPermissionsBoundaryResponse>(call, kUser, request.user_name,
                                                      request.permissions_boundary);
}

Result<api::DeleteUserPermissionsBoundaryResponse> IamService::delete_user_permissions_boundary(
    Call& call, const api::DeleteUserPermissionsBoundaryRequest& request) {
  return remove<api::DeleteUserPermissionsBoundaryResponse>(call, kUser, request.user_name);
}

Result<api::PutRolePermissionsBoundaryResponse> IamService::put_role_permissions_boundary(
    Call& call, const api::PutRolePermissionsBoundaryRequest& request) {
  return put<api::PutRolePermissionsBoundaryResponse>(call, kRole, request.role_name,
                                                      request.permissions_boundary);
}

Result<api::DeleteRolePermissionsBoundaryResponse> IamService::delete_role_permissions_boundary(
    Call& call, const api::DeleteRolePermissionsBoundaryRequest& request) {
  return remove<api::DeleteRolePermissionsBoundaryResponse>(call, kRole, request.role_name);
}

}  // namespace coffer::services::iam
