// SPDX-License-Identifier: Apache-2.0
// CreateUser, GetUser, ListUsers, UpdateUser, DeleteUser.
#include <fmt/format.h>

#include "services/iam/entities.h"
#include "services/iam/paging.h"
#include "services/iam_names.h"

namespace coffer::services::iam {
namespace {

using catalog::IamEntity;

// Without a name the caller's own.
Result<api::GetUserResponse> get_own_user(Call& call) {
  if (call.principal.type == policy::PrincipalType::kUser) {
    COFFER_TRY(user, find_entity(call, kUser, policy::entity_name(call.principal.arn)));
    return api::GetUserResponse{api_user(user)};
  }
  if (call.principal.type == policy::PrincipalType::kRoleSession) {
    COFFER_CHECK(call.authorise("iam:GetUser", "*"));
    return fail(ErrorKind::kInvalidArgument, "Must specify userName when calling with non-User credentials",
                "ValidationError");
  }
  const std::string arn = iam_arn(call.account, "root", "", "");
  COFFER_CHECK(call.authorise("iam:GetUser", arn));
  api::User root;
  root.path = "/";
  root.user_name = "root";
  root.user_id = call.account;
  root.arn = arn;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(account, transaction.account(call.account));
    root.create_date = account ? account->created : call.time;
    return {};
  }));
  return api::GetUserResponse{std::move(root)};
}

// What has to go before its user does.
Status check_unused(catalog::Transaction& transaction, const IamEntity& user) {
  COFFER_TRY(keys, transaction.access_keys_of(user.account, user.id));
  if (!keys.empty()) return delete_conflict("Cannot delete entity, must delete access keys first.");
  COFFER_TRY(devices, transaction.mfa_devices_of_user(user.id));
  if (!devices.empty()) return delete_conflict("Cannot delete entity, must delete MFA device first.");
  COFFER_TRY(groups, transaction.groups_of_user(user.id));
  if (!groups.empty()) return delete_conflict("Cannot delete entity, must remove users from group first.");
  return {};
}

}  // namespace

api::User api_user(const IamEntity& user) {
  api::User shown;
  shown.path = user.path;
  shown.user_name = user.name;
  shown.user_id = user.id;
  shown.arn = entity_arn(user);
  shown.create_date = user.created;
  shown.permissions_boundary = api_boundary(user);
  if (!user.tags.empty()) shown.tags = api_tags(user.tags);
  return shown;
}

Result<api::CreateUserResponse> IamService::create_user(Call& call, const api::CreateUserRequest& request) {
  COFFER_TRY(user, new_entity(call, kUser, request.path, request.user_name, request.permissions_boundary,
                              request.tags));
  return call.commit<api::CreateUserResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreateUserResponse> {
        COFFER_CHECK(insert_entity(transaction, kUser, user));
        return api::CreateUserResponse{api_user(user)};
      });
}

Result<api::GetUserResponse> IamService::get_user(Call& call, const api::GetUserRequest& request) {
  if (!request.user_name) return get_own_user(call);
  COFFER_TRY(user, find_entity(call, kUser, *request.user_name));
  return api::GetUserResponse{api_user(user)};
}

Result<api::ListUsersResponse> IamService::list_users(Call& call, const api::ListUsersRequest& request) {
  const std::string prefix = request.path_prefix.value_or("/");
  COFFER_CHECK(call.authorise("iam:ListUsers", iam_arn(call.account, "user", prefix, "")));
  COFFER_TRY(page, page_of("ListUsers", request.marker, request.max_items));
  std::vector<IamEntity> users;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.iam_entities(call.account, "user", prefix, page.after, page.limit + 1));
    users = std::move(found);
    return {};
  }));
  api::ListUsersResponse response;
  end_page(users, page, response, [](const IamEntity& user) { return user.name; });
  response.users.emplace();
  for (const auto& user : users) response.users->push_back(api_user(user));
  return response;
}

Result<api::UpdateUserResponse> IamService::update_user(Call& call, const api::UpdateUserRequest& request) {
  COFFER_TRY(user, find_entity(call, kUser, request.user_name));
  const auto rename = [&](IamEntity& entity) {
    entity.path = request.new_path.value_or(entity.path);
    entity.name = request.new_user_name.value_or(entity.name);
  };
  // As at AWS the caller must be allowed it for both names.
  IamEntity renamed = user;
  rename(renamed);
  COFFER_CHECK(call.authorise("iam:UpdateUser", entity_arn(renamed)));
  return edit_entity<api::UpdateUserResponse>(
      call, user, [&](catalog::Transaction& transaction, IamEntity& current) -> Status {
        COFFER_TRY(holder, transaction.iam_entity_named(call.account, kUser.kind, renamed.name));
        if (holder && holder->id != current.id)
          return fail(ErrorKind::kConflict, fmt::format("User with name {} already exists.", renamed.name),
                      "EntityAlreadyExists");
        rename(current);
        return {};
      });
}

Result<api::DeleteUserResponse> IamService::delete_user(Call& call, const api::DeleteUserRequest& request) {
  COFFER_TRY(user, find_entity(call, kUser, request.user_name));
  return change<api::DeleteUserResponse>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(check_unused(transaction, user));
    return remove_entity(transaction, user);
  });
}

}  // namespace coffer::services::iam
