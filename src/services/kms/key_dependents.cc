// SPDX-License-Identifier: Apache-2.0
// DescribeKeyDependents, which no AWS has: what cannot be read any more once the key is gone.
#include "services/kms/dependents.h"
#include "services/kms/key_access.h"
#include "services/kms/kms_service.h"
#include "services/page_token.h"

namespace coffer::services::kms {
namespace {

std::string type_of(const std::string& id) {
  return id.starts_with("vol-") ? "Volume" : id.starts_with("snap-") ? "Snapshot" : "Layer";
}

}  // namespace

Result<api::DescribeKeyDependentsResponse> KmsService::describe_key_dependents(
    Call& call, const api::DescribeKeyDependentsRequest& request) {
  COFFER_TRY(found, find_key(call, "kms:DescribeKeyDependents", request.key_id, AliasUse::kAllowed));
  COFFER_CHECK(authorise_key(call, "kms:DescribeKeyDependents", found));
  const auto limit = static_cast<size_t>(request.limit.value_or(100));
  COFFER_TRY(after, marker_position("DescribeKeyDependents", request.marker));
  COFFER_TRY(dependents, find_dependents(call.installation, found.key.id));

  api::DescribeKeyDependentsResponse response;
  response.key_id = found.arn;
  response.volume_count = static_cast<int32_t>(dependents.volumes);
  response.snapshot_count = static_cast<int32_t>(dependents.snapshots);
  response.layer_count = static_cast<int32_t>(dependents.layers);
  std::erase_if(dependents.all, [&](const Dependent& each) { return each.id <= after; });
  response.truncated = dependents.all.size() > limit;
  if (dependents.all.size() > limit) {
    dependents.all.resize(limit);
    response.next_marker = make_page_token("DescribeKeyDependents", dependents.all.back().id);
  }
  response.dependents.emplace();
  for (const Dependent& each : dependents.all) {
    api::KeyDependent told;
    told.resource_type = type_of(each.id);
    told.resource_id = each.id;
    told.dependence = std::string(to_string(each.dependence));
    told.oldest_key_material_version = static_cast<int32_t>(each.oldest_version);
    response.dependents->push_back(std::move(told));
  }
  return response;
}

}  // namespace coffer::services::kms
