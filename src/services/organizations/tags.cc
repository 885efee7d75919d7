// SPDX-License-Identifier: Apache-2.0
// TagResource, UntagResource, ListTagsForResource.
#include <algorithm>

#include "services/organizations/names.h"
#include "services/organizations/organization_policies.h"
#include "services/organizations/shapes.h"
#include "services/organizations/tree.h"

namespace coffer::services::organizations {
namespace {

Status require_taggable(catalog::Transaction& transaction, const Organization& organization,
                        const std::string& id) {
  if (is_policy_id(id)) {
    const bool found = require_own_policy(transaction, organization, id).has_value();
    return found ? Status() : not_found("Target");
  }
  if (is_resource_policy_id(id)) {
    COFFER_TRY(policy, transaction.organization_resource_policy(organization.id));
    return policy && policy->id == id ? Status() : not_found("Target");
  }
  COFFER_TRY(target, find_target(transaction, organization, id));
  return target ? Status() : not_found("Target");
}

void merge(Tags& into, const Tags& newer) {
  for (const auto& tag : newer) {
    const auto same = std::ranges::find(into, tag.first, &Tags::value_type::first);
    if (same == into.end())
      into.push_back(tag);
    else
      same->second = tag.second;
  }
}

// Changes the resource's tags as they are then.
template <class Response, class Edit>
Result<Response> edit(Call& call, const Organization& organization, const std::string& id, Edit change_tags) {
  return change<Response>(call, organization.id,
                          [&](catalog::Transaction& transaction, Organization& current) -> Result<Response> {
                            COFFER_CHECK(require_taggable(transaction, current, id));
                            COFFER_TRY(tags, transaction.organization_tags(id));
                            change_tags(tags);
                            COFFER_CHECK(check_number_of_tags(tags));
                            COFFER_CHECK(transaction.replace_organization_tags(id, tags));
                            return Response{};
                          });
}

}  // namespace

Result<api::TagResourceResponse> OrganizationsService::tag_resource(Call& call,
                                                                    const api::TagResourceRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.resource_id}, request_keys(request.tags)));
  COFFER_TRY(added, checked_tags(request.tags));
  return edit<api::TagResourceResponse>(call, organization, request.resource_id,
                                        [&](Tags& tags) { merge(tags, added); });
}

Result<api::UntagResourceResponse> OrganizationsService::untag_resource(
    Call& call, const api::UntagResourceRequest& request) {
  policy::Context keys;
  for (const auto& key : request.tag_keys) keys.add("aws:TagKeys", key);
  COFFER_TRY(organization, authorise_manager(call, {request.resource_id}, std::move(keys)));
  return edit<api::UntagResourceResponse>(call, organization, request.resource_id, [&](Tags& tags) {
    std::erase_if(tags, [&](const auto& tag) {
      return std::ranges::find(request.tag_keys, tag.first) != request.tag_keys.end();
    });
  });
}

Result<api::ListTagsForResourceResponse> OrganizationsService::list_tags_for_resource(
    Call& call, const api::ListTagsForResourceRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.resource_id}));
  return read<api::ListTagsForResourceResponse>(
      call, [&](catalog::Transaction& transaction) -> Result<api::ListTagsForResourceResponse> {
        COFFER_CHECK(require_taggable(transaction, organization, request.resource_id));
        COFFER_TRY(tags, transaction.organization_tags(request.resource_id));
        api::ListTagsForResourceResponse response{std::vector<api::Tag>(), std::nullopt};
        for (const auto& [key, value] : tags) response.tags->push_back({key, value});
        return response;
      });
}

}  // namespace coffer::services::organizations
