// SPDX-License-Identifier: Apache-2.0
// CreateGroup, GetGroup, ListGroups, UpdateGroup, DeleteGroup, AddUserToGroup, RemoveUserFromGroup,
// ListGroupsForUser.
#include <fmt/format.h>

#include "services/iam/entities.h"
#include "services/iam/paging.h"
#include "services/iam_names.h"

namespace coffer::services::iam {
namespace {

using catalog::IamEntity;

constexpr size_t kMostGroups = 10;  // of a user

api::Group api_group(const IamEntity& group) {
  api::Group shown;
  shown.path = group.path;
  shown.group_name = group.name;
  shown.group_id = group.id;
  shown.arn = entity_arn(group);
  shown.create_date = group.created;
  return shown;
}

api::User api_member(const IamEntity& user) {
  api::User shown;
  shown.path = user.path;
  shown.user_name = user.name;
  shown.user_id = user.id;
  shown.arn = entity_arn(user);
  shown.create_date = user.created;
  return shown;
}

std::string name_of(const IamEntity& entity) {
  return entity.name;
}

}  // namespace

Result<api::CreateGroupResponse> IamService::create_group(Call& call,
                                                          const api::CreateGroupRequest& request) {
  COFFER_TRY(group, new_entity(call, kGroup, request.path, request.group_name, std::nullopt, std::nullopt));
  return call.commit<api::CreateGroupResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreateGroupResponse> {
        COFFER_CHECK(insert_entity(transaction, kGroup, group));
        return api::CreateGroupResponse{api_group(group)};
      });
}

Result<api::GetGroupResponse> IamService::get_group(Call& call, const api::GetGroupRequest& request) {
  COFFER_TRY(group, find_entity(call, kGroup, request.group_name));
  COFFER_TRY(page, page_of("GetGroup", request.marker, request.max_items));
  std::vector<IamEntity> users;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.users_of_group(group.id));
    users = std::move(found);
    return {};
  }));
  api::GetGroupResponse response;
  response.group = api_group(group);
  take_page(users, page, response, name_of);
  response.users.emplace();
  for (const auto& user : users) response.users->push_back(api_member(user));
  return response;
}

Result<api::ListGroupsResponse> IamService::list_groups(Call& call, const api::ListGroupsRequest& request) {
  const std::string prefix = request.path_prefix.value_or("/");
  COFFER_CHECK(call.authorise("iam:ListGroups", iam_arn(call.account, "group", prefix, "")));
  COFFER_TRY(page, page_of("ListGroups", request.marker, request.max_items));
  std::vector<IamEntity> groups;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.iam_entities(call.account, "group", prefix, page.after, page.limit + 1));
    groups = std::move(found);
    return {};
  }));
  api::ListGroupsResponse response;
  end_page(groups, page, response, name_of);
  response.groups.emplace();
  for (const auto& group : groups) response.groups->push_back(api_group(group));
  return response;
}

Result<api::UpdateGroupResponse> IamService::update_group(Call& call,
                                                          const api::UpdateGroupRequest& request) {
  COFFER_TRY(group, find_entity(call, kGroup, request.group_name));
  const auto rename = [&](IamEntity& entity) {
    entity.path = request.new_path.value_or(entity.path);
    entity.name = request.new_group_name.value_or(entity.name);
  };
  // As at AWS the caller must be allowed it for both names.
  IamEntity renamed = group;
  rename(renamed);
  COFFER_CHECK(call.authorise("iam:UpdateGroup", entity_arn(renamed)));
  return edit_entity<api::UpdateGroupResponse>(
      call, group, [&](catalog::Transaction& transaction, IamEntity& current) -> Status {
        COFFER_TRY(holder, transaction.iam_entity_named(call.account, kGroup.kind, renamed.name));
        if (holder && holder->id != current.id)
          return fail(ErrorKind::kConflict, fmt::format("Group with name {} already exists.", renamed.name),
                      "EntityAlreadyExists");
        rename(current);
        return {};
      });
}

Result<api::DeleteGroupResponse> IamService::delete_group(Call& call,
                                                          const api::DeleteGroupRequest& request) {
  COFFER_TRY(group, find_entity(call, kGroup, request.group_name));
  return change<api::DeleteGroupResponse>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(users, transaction.users_of_group(group.id));
    if (!users.empty()) return delete_conflict("Cannot delete entity, must remove users from group first.");
    return remove_entity(transaction, group);
  });
}

Result<api::AddUserToGroupResponse> IamService::add_user_to_group(Call& call,
                                                                  const api::AddUserToGroupRequest& request) {
  COFFER_TRY(group, find_entity(call, kGroup, request.group_name));
  return change<api::AddUserToGroupResponse>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(user, require_entity(transaction, call.account, kUser, request.user_name));
    COFFER_CHECK(transaction.add_to_group(user.id, group.id));
    COFFER_TRY(groups, transaction.groups_of_user(user.id));
    if (groups.size() > kMostGroups)
      return limit_exceeded(fmt::format("Cannot exceed quota for GroupsPerUser: {}", kMostGroups));
    return {};
  });
}

Result<api::RemoveUserFromGroupResponse> IamService::remove_user_from_group(
    Call& call, const api::RemoveUserFromGroupRequest& request) {
  COFFER_TRY(group, find_entity(call, kGroup, request.group_name));
  return change<api::RemoveUserFromGroupResponse>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(user, require_entity(transaction, call.account, kUser, request.user_name));
    // Who is no member need not leave: AWS was seen to answer that as done.
    auto removed = transaction.remove_from_group(user.id, group.id);
    if (!removed && removed.error().kind == ErrorKind::kNotFound) return {};
    return removed;
  });
}

Result<api::ListGroupsForUserResponse> IamService::list_groups_for_user(
    Call& call, const api::ListGroupsForUserRequest& request) {
  COFFER_TRY(user, find_entity(call, kUser, request.user_name));
  COFFER_TRY(page, page_of("ListGroupsForUser", request.marker, request.max_items));
  std::vector<IamEntity> groups;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.groups_of_user(user.id));
    groups = std::move(found);
    return {};
  }));
  api::ListGroupsForUserResponse response;
  take_page(groups, page, response, name_of);
  response.groups.emplace();
  for (const auto& group : groups) response.groups->push_back(api_group(group));
  return response;
}

}  // namespace coffer::services::iam
