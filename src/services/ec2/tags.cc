// SPDX-License-Identifier: Apache-2.0
// CreateTags and DeleteTags, for volumes and snapshots: all resources of a call or none.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/ids.h"
#include "services/ec2/ec2_service.h"
#include "services/ec2/snapshot_lookup.h"
#include "services/ec2/tag_specifications.h"
#include "services/ec2/volume_lookup.h"

namespace coffer::services::ec2 {
namespace {

using Change = std::function<Status(Tags& tags)>;

bool is_volume(const std::string& id) {
  return is_resource_id(id, "vol");
}

Status check_resources(Call& call, const std::vector<std::string>& ids) {
  for (const auto& id : ids) {
    if (!is_volume(id) && !is_resource_id(id, "snap"))
      return fail(ErrorKind::kInvalidArgument, fmt::format("The ID '{}' is not valid", id), "InvalidID");
    if (is_volume(id))
      COFFER_CHECK(find_volume(call, id));
    else
      COFFER_CHECK(find_snapshot(call, id));
  }
  return {};
}

Status change_one(catalog::Transaction& transaction, const std::string& id, const Change& change) {
  if (is_volume(id)) {
    COFFER_TRY(volume, transaction.volume(id));
    if (!volume) return volume_not_found(id);
    COFFER_CHECK(change(volume->tags));
    return transaction.update_volume(*volume);
  }
  COFFER_TRY(snapshot, transaction.snapshot(id));
  if (!snapshot) return snapshot_not_found(id);
  COFFER_CHECK(change(snapshot->tags));
  return transaction.update_snapshot(*snapshot);
}

template <class Out>
Result<Out> change_all(Call& call, const std::vector<std::string>& ids, const Change& change) {
  return call.commit<Out>([&](catalog::Transaction& transaction) -> Result<Out> {
    for (const auto& id : ids) COFFER_CHECK(change_one(transaction, id, change));
    return Out{};
  });
}

}  // namespace

Result<api::CreateTagsResponse> Ec2Service::create_tags(Call& call, const api::CreateTagsRequest& request) {
  COFFER_TRY(wanted, read_tags(request.tags));
  COFFER_CHECK(check_resources(call, request.resources));
  return change_all<api::CreateTagsResponse>(call, request.resources, [&](Tags& tags) -> Status {
    for (const auto& tag : wanted) {
      const auto same =
          std::find_if(tags.begin(), tags.end(), [&](const auto& other) { return other.first == tag.first; });
      if (same != tags.end())
        same->second = tag.second;
      else
        tags.push_back(tag);
    }
    if (tags.size() > kMostTags) return too_many_tags();
    return {};
  });
}

// A tag without a value goes whatever its value is; a request without tags removes all of them.
Result<api::DeleteTagsResponse> Ec2Service::delete_tags(Call& call, const api::DeleteTagsRequest& request) {
  COFFER_CHECK(check_resources(call, request.resources));
  return change_all<api::DeleteTagsResponse>(call, request.resources, [&](Tags& tags) -> Status {
    if (!request.tags || request.tags->empty()) {
      tags.clear();
      return {};
    }
    std::erase_if(tags, [&](const auto& tag) {
      return std::any_of(request.tags->begin(), request.tags->end(), [&](const auto& named) {
        return named.key.value_or("") == tag.first && (!named.value || *named.value == tag.second);
      });
    });
    return {};
  });
}

}  // namespace coffer::services::ec2
