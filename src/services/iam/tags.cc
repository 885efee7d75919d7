// SPDX-License-Identifier: Apache-2.0
// TagUser, UntagUser, ListUserTags, and the same for roles.
#include <algorithm>

#include "services/iam/entities.h"
#include "services/iam/paging.h"
#include "wire/http.h"

namespace coffer::services::iam {
namespace {

constexpr size_t kMostTags = 50;

using OneTag = Tags::value_type;

policy::Context request_keys(const std::vector<api::Tag>& tags) {
  policy::Context context;
  for (const auto& tag : tags) {
    context.set("aws:RequestTag/" + tag.key, tag.value);
    context.add("aws:TagKeys", tag.key);
  }
  return context;
}

// Names that differ in case alone are one: the newer spelling and value stay.
void merge(Tags& into, const Tags& newer) {
  for (const auto& tag : newer) {
    const auto same = std::ranges::find_if(
        into, [&](const OneTag& each) { return wire::equal_ignoring_case(each.first, tag.first); });
    if (same == into.end())
      into.push_back(tag);
    else
      *same = tag;
  }
}

template <class Response>
Result<Response> tag(Call& call, const EntityKind& kind, const std::string& name,
                     const std::vector<api::Tag>& tags) {
  COFFER_TRY(entity, find_entity(call, kind, name, request_keys(tags)));
  COFFER_TRY(checked, checked_tags(tags));
  return change<Response>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(current, transaction.iam_entity(entity.id));
    Tags all = current ? std::move(current->tags) : Tags();
    merge(all, checked);
    if (all.size() > kMostTags)
      return limit_exceeded(std::string("The number of tags has reached the maximum limit."));
    return transaction.replace_iam_tags(entity.id, all);
  });
}

template <class Response>
Result<Response> untag(Call& call, const EntityKind& kind, const std::string& name,
                       const std::vector<std::string>& names) {
  policy::Context context;
  for (const auto& each : names) context.add("aws:TagKeys", each);
  COFFER_TRY(entity, find_entity(call, kind, name, std::move(context)));
  return change<Response>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(current, transaction.iam_entity(entity.id));
    Tags all = current ? std::move(current->tags) : Tags();
    std::erase_if(all, [&](const OneTag& tag) {
      return std::ranges::any_of(
          names, [&](const std::string& each) { return wire::equal_ignoring_case(each, tag.first); });
    });
    return transaction.replace_iam_tags(entity.id, all);
  });
}

template <class Response, class Request>
Result<Response> list(Call& call, const EntityKind& kind, const std::string& name, const Request& request) {
  COFFER_TRY(entity, find_entity(call, kind, name));
  COFFER_TRY(page, page_of(call.operation, request.marker, request.max_items));
  Response response;
  take_page(entity.tags, page, response, [](const OneTag& tag) { return tag.first; });
  response.tags = api_tags(entity.tags);
  return response;
}

}  // namespace

Result<api::TagUserResponse> IamService::tag_user(Call& call, const api::TagUserRequest& request) {
  return tag<api::TagUserResponse>(call, kUser, request.user_name, request.tags);
}

Result<api::UntagUserResponse> IamService::untag_user(Call& call, const api::UntagUserRequest& request) {
  return untag<api::UntagUserResponse>(call, kUser, request.user_name, request.tag_keys);
}

Result<api::ListUserTagsResponse> IamService::list_user_tags(Call& call,
                                                             const api::ListUserTagsRequest& request) {
  return list<api::ListUserTagsResponse>(call, kUser, request.user_name, request);
}

Result<api::TagRoleResponse> IamService::tag_role(Call& call, const api::TagRoleRequest& request) {
  return tag<api::TagRoleResponse>(call, kRole, request.role_name, request.tags);
}

Result<api::UntagRoleResponse> IamService::untag_role(Call& call, const api::UntagRoleRequest& request) {
  return untag<api::UntagRoleResponse>(call, kRole, request.role_name, request.tag_keys);
}

Result<api::ListRoleTagsResponse> IamService::list_role_tags(Call& call,
                                                             const api::ListRoleTagsRequest& request) {
  return list<api::ListRoleTagsResponse>(call, kRole, request.role_name, request);
}

}  // namespace coffer::services::iam
