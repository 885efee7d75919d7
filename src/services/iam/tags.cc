// SPDX-License-Identifier: Apache-2.0
// TagUser, UntagUser, ListUserTags, and the same for roles, instance profiles, managed policies, OpenID
// Connect providers and MFA devices.
#include <algorithm>

#include "services/iam/entities.h"
#include "services/iam/identity_providers.h"
#include "services/iam/instance_profiles.h"
#include "services/iam/managed_policy.h"
#include "services/iam/mfa_devices.h"
#include "services/iam/paging.h"
#include "wire/http.h"

namespace coffer::services::iam {
namespace {

constexpr size_t kMostTags = 50;

using OneTag = Tags::value_type;

// What has tags, by the id that they are stored under, once the caller may do the operation on it.
struct Tagged {
  std::string id;
  Tags tags;
};

Result<Tagged> find_tagged(Call& call, const EntityKind& kind, const std::string& name,
                           policy::Context context) {
  COFFER_TRY(entity, find_entity(call, kind, name, std::move(context)));
  return Tagged{std::move(entity.id), std::move(entity.tags)};
}

Result<Tagged> find_tagged_profile(Call& call, const std::string& name, policy::Context context) {
  COFFER_TRY(profile, find_profile(call, name, std::move(context)));
  return Tagged{std::move(profile.id), std::move(profile.tags)};
}

Result<Tagged> find_tagged_policy(Call& call, const std::string& arn, policy::Context context) {
  COFFER_TRY(found, find_own_policy(call, arn, std::move(context)));
  return Tagged{std::move(found.policy.id), std::move(found.policy.tags)};
}

Result<Tagged> find_tagged_provider(Call& call, const std::string& arn, policy::Context context) {
  COFFER_TRY(provider, find_provider(call, arn, std::move(context)));
  return Tagged{std::move(provider.arn), std::move(provider.tags)};
}

Result<Tagged> find_tagged_device(Call& call, const std::string& serial_number, policy::Context context) {
  COFFER_TRY(device, find_device(call, serial_number, std::move(context)));
  return Tagged{std::move(device.serial_number), std::move(device.tags)};
}

policy::Context request_keys(const std::vector<api::Tag>& tags) {
  policy::Context context;
  add_request_tags(tags, context);
  return context;
}

policy::Context request_keys(const std::vector<std::string>& names) {
  policy::Context context;
  for (const auto& name : names) context.add("aws:TagKeys", name);
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
Result<Response> tag(Call& call, const Result<Tagged>& found, const std::vector<api::Tag>& tags) {
  COFFER_CHECK(found);
  COFFER_TRY(checked, checked_tags(tags));
  return change<Response>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(all, transaction.iam_tags(found->id));
    merge(all, checked);
    if (all.size() > kMostTags)
      return limit_exceeded(std::string("The number of tags has reached the maximum limit."));
    return transaction.replace_iam_tags(found->id, all);
  });
}

template <class Response>
Result<Response> untag(Call& call, const Result<Tagged>& found, const std::vector<std::string>& names) {
  COFFER_CHECK(found);
  return change<Response>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(all, transaction.iam_tags(found->id));
    std::erase_if(all, [&](const OneTag& tag) {
      return std::ranges::any_of(
          names, [&](const std::string& each) { return wire::equal_ignoring_case(each, tag.first); });
    });
    return transaction.replace_iam_tags(found->id, all);
  });
}

template <class Response, class Request>
Result<Response> list(Call& call, Result<Tagged> found, const Request& request) {
  COFFER_CHECK(found);
  COFFER_TRY(page, page_of(call.operation, request.marker, request.max_items));
  Response response;
  take_page(found->tags, page, response, [](const OneTag& tag) { return tag.first; });
  response.tags = api_tags(found->tags);
  return response;
}

}  // namespace

Result<api::TagUserResponse> IamService::tag_user(Call& call, const api::TagUserRequest& request) {
  return tag<api::TagUserResponse>(
      call, find_tagged(call, kUser, request.user_name, request_keys(request.tags)), request.tags);
}

Result<api::UntagUserResponse> IamService::untag_user(Call& call, const api::UntagUserRequest& request) {
  return untag<api::UntagUserResponse>(
      call, find_tagged(call, kUser, request.user_name, request_keys(request.tag_keys)), request.tag_keys);
}

Result<api::ListUserTagsResponse> IamService::list_user_tags(Call& call,
                                                             const api::ListUserTagsRequest& request) {
  return list<api::ListUserTagsResponse>(call, find_tagged(call, kUser, request.user_name, {}), request);
}

Result<api::TagRoleResponse> IamService::tag_role(Call& call, const api::TagRoleRequest& request) {
  return tag<api::TagRoleResponse>(
      call, find_tagged(call, kRole, request.role_name, request_keys(request.tags)), request.tags);
}

Result<api::UntagRoleResponse> IamService::untag_role(Call& call, const api::UntagRoleRequest& request) {
  return untag<api::UntagRoleResponse>(
      call, find_tagged(call, kRole, request.role_name, request_keys(request.tag_keys)), request.tag_keys);
}

Result<api::ListRoleTagsResponse> IamService::list_role_tags(Call& call,
                                                             const api::ListRoleTagsRequest& request) {
  return list<api::ListRoleTagsResponse>(call, find_tagged(call, kRole, request.role_name, {}), request);
}

Result<api::TagInstanceProfileResponse> IamService::tag_instance_profile(
    Call& call, const api::TagInstanceProfileRequest& request) {
  return tag<api::TagInstanceProfileResponse>(
      call, find_tagged_profile(call, request.instance_profile_name, request_keys(request.tags)),
      request.tags);
}

Result<api::UntagInstanceProfileResponse> IamService::untag_instance_profile(
    Call& call, const api::UntagInstanceProfileRequest& request) {
  return untag<api::UntagInstanceProfileResponse>(
      call, find_tagged_profile(call, request.instance_profile_name, request_keys(request.tag_keys)),
      request.tag_keys);
}

Result<api::ListInstanceProfileTagsResponse> IamService::list_instance_profile_tags(
    Call& call, const api::ListInstanceProfileTagsRequest& request) {
  return list<api::ListInstanceProfileTagsResponse>(
      call, find_tagged_profile(call, request.instance_profile_name, {}), request);
}

Result<api::TagPolicyResponse> IamService::tag_policy(Call& call, const api::TagPolicyRequest& request) {
  return tag<api::TagPolicyResponse>(
      call, find_tagged_policy(call, request.policy_arn, request_keys(request.tags)), request.tags);
}

Result<api::UntagPolicyResponse> IamService::untag_policy(Call& call,
                                                          const api::UntagPolicyRequest& request) {
  return untag<api::UntagPolicyResponse>(
      call, find_tagged_policy(call, request.policy_arn, request_keys(request.tag_keys)), request.tag_keys);
}

Result<api::ListPolicyTagsResponse> IamService::list_policy_tags(Call& call,
                                                                 const api::ListPolicyTagsRequest& request) {
  COFFER_TRY(found, find_policy(call, request.policy_arn));
  return list<api::ListPolicyTagsResponse>(call, Tagged{found.policy.id, std::move(found.policy.tags)},
                                           request);
}

Result<api::TagOpenIDConnectProviderResponse> IamService::tag_open_id_connect_provider(
    Call& call, const api::TagOpenIDConnectProviderRequest& request) {
  return tag<api::TagOpenIDConnectProviderResponse>(
      call, find_tagged_provider(call, request.open_id_connect_provider_arn, request_keys(request.tags)),
      request.tags);
}

Result<api::UntagOpenIDConnectProviderResponse> IamService::untag_open_id_connect_provider(
    Call& call, const api::UntagOpenIDConnectProviderRequest& request) {
  return untag<api::UntagOpenIDConnectProviderResponse>(
      call, find_tagged_provider(call, request.open_id_connect_provider_arn, request_keys(request.tag_keys)),
      request.tag_keys);
}

Result<api::ListOpenIDConnectProviderTagsResponse> IamService::list_open_id_connect_provider_tags(
    Call& call, const api::ListOpenIDConnectProviderTagsRequest& request) {
  return list<api::ListOpenIDConnectProviderTagsResponse>(
      call, find_tagged_provider(call, request.open_id_connect_provider_arn, {}), request);
}

Result<api::TagMFADeviceResponse> IamService::tag_mfa_device(Call& call,
                                                             const api::TagMFADeviceRequest& request) {
  return tag<api::TagMFADeviceResponse>(
      call, find_tagged_device(call, request.serial_number, request_keys(request.tags)), request.tags);
}

Result<api::UntagMFADeviceResponse> IamService::untag_mfa_device(Call& call,
                                                                 const api::UntagMFADeviceRequest& request) {
  return untag<api::UntagMFADeviceResponse>(
      call, find_tagged_device(call, request.serial_number, request_keys(request.tag_keys)),
      request.tag_keys);
}

Result<api::ListMFADeviceTagsResponse> IamService::list_mfa_device_tags(
    Call& call, const api::ListMFADeviceTagsRequest& request) {
  return list<api::ListMFADeviceTagsResponse>(call, find_tagged_device(call, request.serial_number, {}),
                                              request);
}

}  // namespace coffer::services::iam
