// SPDX-License-Identifier: Apache-2.0
// TagResource, UntagResource, ListResourceTags.
#include <algorithm>

#include "services/kms/key_access.h"
#include "services/kms/key_changes.h"
#include "services/kms/kms_service.h"
#include "services/kms/managed_keys.h"
#include "services/kms/tag_rules.h"
#include "services/page_token.h"

namespace coffer::services::kms {
namespace {

// Finds the key whose tags the call may change.
Result<FoundKey> taggable_key(Call& call, const std::string& key_identifier, const KeyRequest& said) {
  const std::string action = "kms:" + call.operation;
  COFFER_TRY(found, find_key(call, action, key_identifier, AliasUse::kRefused));
  COFFER_CHECK(authorise_key(call, action, found, said));
  COFFER_CHECK(refuse_managed(call, action, found));
  COFFER_CHECK(check_key_state(found, call.operation));
  return found;
}

template <class Response>
Result<Response> change_tags(Call& call, const FoundKey& found,
                             const std::function<Result<Tags>(Tags)>& change) {
  return call.commit<Response>([&](catalog::Transaction& transaction) -> Result<Response> {
    COFFER_TRY(key, key_to_change(call, transaction, found));
    COFFER_TRY(tags, change(std::move(key.tags)));
    key.tags = std::move(tags);
    COFFER_CHECK(transaction.replace_key_tags(key));
    return Response{};
  });
}

}  // namespace

Result<api::TagResourceResponse> KmsService::tag_resource(Call& call,
                                                          const api::TagResourceRequest& request) {
  COFFER_TRY(added, checked_tags(request.tags));
  KeyRequest said;
  add_tag_conditions(added, said.condition);
  COFFER_TRY(found, taggable_key(call, request.key_id, said));
  return change_tags<api::TagResourceResponse>(
      call, found, [&](Tags present) { return joined_tags(std::move(present), added); });
}

Result<api::UntagResourceResponse> KmsService::untag_resource(Call& call,
                                                              const api::UntagResourceRequest& request) {
  KeyRequest said;
  said.condition.set("aws:TagKeys", request.tag_keys);
  COFFER_TRY(found, taggable_key(call, request.key_id, said));
  return change_tags<api::UntagResourceResponse>(call, found, [&](Tags present) -> Result<Tags> {
    std::erase_if(present, [&](const auto& tag) {
      return std::ranges::find(request.tag_keys, tag.first) != request.tag_keys.end();
    });
    return present;
  });
}

Result<api::ListResourceTagsResponse> KmsService::list_resource_tags(
    Call& call, const api::ListResourceTagsRequest& request) {
  COFFER_TRY(found, find_key(call, "kms:ListResourceTags", request.key_id, AliasUse::kRefused));
  COFFER_CHECK(authorise_key(call, "kms:ListResourceTags", found));
  const auto limit = static_cast<size_t>(request.limit.value_or(50));
  COFFER_TRY(after, marker_position("ListResourceTags", request.marker));

  Tags tags = std::move(found.key.tags);
  std::ranges::sort(tags);
  std::erase_if(tags, [&](const auto& tag) { return tag.first <= after && !after.empty(); });
  api::ListResourceTagsResponse response;
  response.truncated = tags.size() > limit;
  if (tags.size() > limit) {
    tags.resize(limit);
    response.next_marker = make_page_token("ListResourceTags", tags.back().first);
  }
  response.tags.emplace();
  for (auto& [name, value] : tags) {
    api::Tag tag;
    tag.tag_key = std::move(name);
    tag.tag_value = std::move(value);
    response.tags->push_back(std::move(tag));
  }
  return response;
}

}  // namespace coffer::services::kms
