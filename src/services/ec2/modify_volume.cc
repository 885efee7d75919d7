// SPDX-License-Identifier: Apache-2.0
// ModifyVolume and DescribeVolumesModifications. The snapshot worker's companion (volume_changes.h) carries a
// modification out.
#include <fmt/format.h>

#include <algorithm>

#include "services/ec2/ec2_service.h"
#include "services/ec2/filters.h"
#include "services/ec2/volume_lookup.h"
#include "services/ec2/volume_types.h"
#include "services/page_token.h"

namespace coffer::services::ec2 {
namespace {

// Amazon EBS User Guide, "Modify an EBS volume": as many within a rolling day, each after the one before it
// is completed.
constexpr size_t kMostModifications = 4;
constexpr int64_t kDay = 24ll * 3600 * 1000000;
constexpr size_t kLargestPage = 500;

tl::unexpected<Error> refuse(const char* code, std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), code);
}

Status check_request(const api::ModifyVolumeRequest& request) {
  if (request.multi_attach_enabled.value_or(false))
    return refuse("UnsupportedOperation", "Multi-Attach is not supported.");
  if (!request.size && !request.volume_type && !request.iops && !request.throughput)
    return refuse("MissingParameter",
                  "The request must contain the parameter size, volumeType, iops or throughput");
  return {};
}

// What the volume is to become: as CreateVolume would check it, with what is not named kept.
Result<VolumeShape> target_of(const catalog::Volume& volume, const api::ModifyVolumeRequest& request) {
  const int64_t size = request.size.value_or(static_cast<int32_t>(volume.size_gib));
  if (size < static_cast<int64_t>(volume.size_gib))
    return refuse("InvalidParameterValue", "New size cannot be smaller than existing size");
  const std::string type = request.volume_type.value_or(volume.type);
  auto iops = request.iops, throughput = request.throughput;
  if (type == volume.type) {
    // gp2's follow from its size; they are not for the caller to name.
    if (!iops && type != "gp2") iops = volume.iops;
    if (!throughput) throughput = volume.throughput;
  }
  return check_volume_shape(type, size, iops, throughput);
}

Status check_rate(const std::string& volume_id, const std::vector<catalog::VolumeModification>& newest_first,
                  Timestamp now) {
  if (!newest_first.empty()) {
    const std::string& state = newest_first.front().state;
    if (state == "modifying" || state == "optimizing")
      return fail(ErrorKind::kConflict,
                  fmt::format("Volume {} cannot be modified in modification state {}", volume_id,
                              state == "modifying" ? "MODIFYING" : "OPTIMIZING"),
                  "IncorrectModificationState");
  }
  if (newest_first.size() < kMostModifications) return {};
  const Timestamp free{newest_first[kMostModifications - 1].started.microseconds + kDay};
  if (free <= now) return {};
  return fail(
      ErrorKind::kLimitExceeded,
      fmt::format("You've reached the maximum modification rate per volume limit: {} within 24 hours. "
                  "Volume {} can be modified again after {}.",
                  kMostModifications, volume_id, iso8601(free)),
      "VolumeModificationRateExceeded");
}

api::VolumeModification to_api(const catalog::VolumeModification& modification) {
  api::VolumeModification shown;
  shown.volume_id = modification.volume_id;
  shown.modification_state = modification.state;
  if (!modification.status_message.empty()) shown.status_message = modification.status_message;
  shown.original_size = static_cast<int32_t>(modification.original.size_gib);
  shown.original_volume_type = modification.original.type;
  shown.original_iops = modification.original.iops;
  shown.original_throughput = modification.original.throughput;
  shown.original_multi_attach_enabled = false;
  shown.target_size = static_cast<int32_t>(modification.target.size_gib);
  shown.target_volume_type = modification.target.type;
  shown.target_iops = modification.target.iops;
  shown.target_throughput = modification.target.throughput;
  shown.target_multi_attach_enabled = false;
  shown.progress = modification.progress;
  shown.start_time = modification.started;
  shown.end_time = modification.ended;
  return shown;
}

std::string text_of(const std::optional<int32_t>& number) {
  return number ? std::to_string(*number) : "";
}

std::optional<std::vector<std::string>> filter_values(const catalog::VolumeModification& modification,
                                                      const std::string& name) {
  using Values = std::vector<std::string>;
  const auto &original = modification.original, &target = modification.target;
  if (name == "modification-state") return Values{modification.state};
  if (name == "original-iops") return Values{text_of(original.iops)};
  if (name == "original-size") return Values{std::to_string(original.size_gib)};
  if (name == "original-volume-type") return Values{original.type};
  if (name == "originalMultiAttachEnabled") return Values{"false"};
  if (name == "start-time") return Values{iso8601_millis(modification.started)};
  if (name == "target-iops") return Values{text_of(target.iops)};
  if (name == "target-size") return Values{std::to_string(target.size_gib)};
  if (name == "target-volume-type") return Values{target.type};
  if (name == "targetMultiAttachEnabled") return Values{"false"};
  if (name == "volume-id") return Values{modification.volume_id};
  return std::nullopt;
}

using Modifications = std::vector<catalog::VolumeModification>;

Result<Modifications> newest_of(Call& call, const std::vector<std::string>& volume_ids) {
  Modifications found;
  for (const auto& id : volume_ids) {
    COFFER_CHECK(find_volume(call, id));
    COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
      COFFER_TRY(all, transaction.modifications_of_volume(id));
      if (all.empty())
        return fail(ErrorKind::kNotFound, fmt::format("Modification for volume '{}' does not exist.", id),
                    "InvalidVolumeModification.NotFound");
      found.push_back(std::move(all.front()));
      return {};
    }));
  }
  return found;
}

}  // namespace

Result<api::ModifyVolumeResult> Ec2Service::modify_volume(Call& call,
                                                          const api::ModifyVolumeRequest& request) {
  COFFER_CHECK(check_request(request));
  COFFER_CHECK(find_volume(call, request.volume_id));
  auto response = call.commit<api::ModifyVolumeResult>(
      [&](catalog::Transaction& transaction) -> Result<api::ModifyVolumeResult> {
        COFFER_TRY(volume, transaction.volume(request.volume_id));
        if (!volume) return volume_not_found(request.volume_id);
        COFFER_CHECK(require_available_or_in_use(*volume));
        COFFER_TRY(target, target_of(*volume, request));
        COFFER_TRY(earlier, transaction.modifications_of_volume(volume->id));
        COFFER_CHECK(check_rate(volume->id, earlier, call.time));
        catalog::VolumeModification modification;
        modification.volume_id = volume->id;
        modification.account = call.account;
        modification.region = call.region;
        modification.original = {volume->size_gib, volume->type, volume->iops, volume->throughput};
        modification.target = {target.size_gib, target.type, target.iops, target.throughput};
        modification.state = "modifying";
        modification.started = call.time;
        COFFER_CHECK(transaction.insert_volume_modification(modification));
        api::ModifyVolumeResult shown;
        shown.volume_modification = to_api(modification);
        return shown;
      });
  snapshot_worker_.notify();
  return response;
}

Result<api::DescribeVolumesModificationsResult> Ec2Service::describe_volumes_modifications(
    Call& call, const api::DescribeVolumesModificationsRequest& request) {
  const bool by_id = request.volume_ids && !request.volume_ids->empty();
  if (request.max_results && (*request.max_results < 1 || by_id))
    return refuse("InvalidParameterValue",
                  fmt::format("Value ( {} ) for parameter maxResults is invalid.", *request.max_results));
  const auto wanted = [&](const catalog::VolumeModification& modification) {
    return passes(request.filters,
                  [&](const std::string& name) { return filter_values(modification, name); });
  };
  COFFER_CHECK(wanted({}));  // unknown filters
  api::DescribeVolumesModificationsResult response;
  response.volumes_modifications.emplace();
  if (by_id) {
    COFFER_TRY(found, newest_of(call, *request.volume_ids));
    for (const auto& modification : found) {
      COFFER_TRY(passed, wanted(modification));
      if (passed) response.volumes_modifications->push_back(to_api(modification));
    }
    return response;
  }
  COFFER_TRY(after, next_token_position("DescribeVolumesModifications", request.next_token));
  const auto limit = std::min<size_t>(kLargestPage, static_cast<size_t>(request.max_results.value_or(500)));
  Modifications page;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.newest_modifications(call.account, call.region, after, limit));
    page = std::move(rows);
    return {};
  }));
  for (const auto& modification : page) {
    COFFER_TRY(passed, wanted(modification));
    if (passed) response.volumes_modifications->push_back(to_api(modification));
  }
  if (page.size() == limit)
    response.next_token = make_page_token("DescribeVolumesModifications", page.back().volume_id);
  return response;
}

}  // namespace coffer::services::ec2
