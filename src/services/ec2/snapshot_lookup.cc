// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/snapshot_lookup.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "services/ec2/tag_specifications.h"

namespace coffer::services::ec2 {

Status check_snapshot_id(const std::string& snapshot_id) {
  if (is_resource_id(snapshot_id, "snap")) return {};
  if (snapshot_id.starts_with("snap-"))
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("Invalid id: \"{}\" (expecting \"snap-...\")", snapshot_id),
                "InvalidSnapshotID.Malformed");
  return fail(
      ErrorKind::kInvalidArgument,
      fmt::format("Value ({}) for parameter snapshotId is invalid. Expected: 'snap-...'.", snapshot_id),
      "InvalidParameterValue");
}

tl::unexpected<Error> snapshot_not_found(const std::string& snapshot_id) {
  return fail(ErrorKind::kNotFound, fmt::format("The snapshot '{}' does not exist.", snapshot_id),
              "InvalidSnapshot.NotFound");
}

bool is_visible(const catalog::Snapshot& snapshot) {
  return snapshot.state != "creating" && snapshot.state != "deleting";
}

Result<catalog::Snapshot> find_snapshot(Call& call, const std::string& snapshot_id) {
  return find_snapshot(call, snapshot_id, call.region);
}

Result<catalog::Snapshot> find_snapshot(Call& call, const std::string& snapshot_id,
                                        const std::string& region) {
  COFFER_CHECK(check_snapshot_id(snapshot_id));
  COFFER_TRY(snapshot, visible_snapshot(call.installation, region, snapshot_id));
  if (!snapshot || snapshot->account != call.account) return snapshot_not_found(snapshot_id);
  return std::move(*snapshot);
}

Result<std::optional<catalog::Snapshot>> visible_snapshot(Installation& installation,
                                                          const std::string& region,
                                                          const std::string& snapshot_id) {
  std::optional<catalog::Snapshot> snapshot;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.snapshot(snapshot_id));
    if (row && row->region == region && is_visible(*row)) snapshot = std::move(row);
    return {};
  }));
  return snapshot;
}

Status require_completed(const catalog::Snapshot& snapshot) {
  if (snapshot.state == "completed") return {};
  return fail(ErrorKind::kConflict,
              fmt::format("Snapshot {} is in invalid state - {}", snapshot.id, snapshot.state),
              "IncorrectState");
}

const std::string& key_context(const catalog::Snapshot& snapshot) {
  return snapshot.volume_id == kNoVolumeId ? snapshot.id : snapshot.volume_id;
}

std::string progress_text(const catalog::Snapshot& snapshot) {
  return fmt::format("{}%", snapshot.progress);
}

coffer::ec2::Snapshot to_api(const catalog::Snapshot& snapshot) {
  coffer::ec2::Snapshot shown;
  if (snapshot.encrypted) {
    if (!snapshot.data_encryption_key_id.empty())
      shown.data_encryption_key_id = snapshot.data_encryption_key_id;
    shown.kms_key_id = snapshot.kms_key_arn;
  }
  shown.description = snapshot.description;
  shown.encrypted = snapshot.encrypted;
  shown.owner_id = snapshot.account;
  shown.progress = progress_text(snapshot);
  shown.snapshot_id = snapshot.id;
  shown.start_time = snapshot.started;
  shown.state = snapshot.state;
  if (!snapshot.state_message.empty()) shown.state_message = snapshot.state_message;
  shown.volume_id = snapshot.volume_id;
  shown.volume_size = static_cast<int32_t>(snapshot.volume_size_gib);
  shown.storage_tier = "standard";
  shown.tags = to_api(snapshot.tags);
  return shown;
}

}  // namespace coffer::services::ec2
