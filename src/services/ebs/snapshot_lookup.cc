// SPDX-License-Identifier: Apache-2.0
#include "services/ebs/snapshot_lookup.h"

#include <fmt/format.h>

#include "services/ebs/ebs_error.h"
#include "services/ec2/snapshot_lookup.h"

namespace coffer::services::ebs {

Result<catalog::Snapshot> find_snapshot(Call& call, const std::string& snapshot_id) {
  std::optional<catalog::Snapshot> snapshot;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.snapshot(snapshot_id));
    snapshot = std::move(row);
    return {};
  }));
  if (!snapshot || snapshot->account != call.account || snapshot->region != call.region ||
      !ec2::is_visible(*snapshot))
    return not_found("SNAPSHOT_NOT_FOUND", fmt::format("The snapshot '{}' does not exist.", snapshot_id));
  return std::move(*snapshot);
}

Result<catalog::Snapshot> find_completed_snapshot(Call& call, const std::string& snapshot_id) {
  COFFER_TRY(snapshot, find_snapshot(call, snapshot_id));
  if (snapshot.state != "completed")
    return invalid("INVALID_SNAPSHOT_ID",
                   fmt::format("The snapshot '{}' is not completed; it is {}.", snapshot_id, snapshot.state));
  return snapshot;
}

Result<catalog::Snapshot> find_snapshot_in_writing(Call& call, const std::string& snapshot_id) {
  COFFER_TRY(snapshot, find_snapshot(call, snapshot_id));
  if (!is_written_by_blocks(snapshot))
    return invalid("INVALID_SNAPSHOT_ID",
                   fmt::format("The snapshot '{}' was not started by StartSnapshot.", snapshot_id));
  if (snapshot.state != "pending")
    return invalid("INVALID_SNAPSHOT_ID", fmt::format("The snapshot '{}' is not pending; it is {}. {}",
                                                      snapshot_id, snapshot.state, snapshot.state_message));
  return snapshot;
}

policy::Context snapshot_context(const catalog::Snapshot& snapshot) {
  policy::Context context;
  for (const auto& [name, value] : snapshot.tags) context.add("aws:ResourceTag/" + name, value);
  return context;
}

bool is_written_by_blocks(const catalog::Snapshot& snapshot) {
  return snapshot.volume_id == ec2::kNoVolumeId && snapshot.source_snapshot_id.empty();
}

uint32_t block_count(const catalog::Snapshot& snapshot) {
  constexpr uint32_t kBlocksPerGib = (1U << 30) / kBlockSize;
  return snapshot.volume_size_gib * kBlocksPerGib;
}

Status check_block_index(const catalog::Snapshot& snapshot, int32_t index) {
  if (index >= 0 && static_cast<uint32_t>(index) < block_count(snapshot)) return {};
  return invalid(
      "INVALID_BLOCK",
      fmt::format("The block index {} is beyond the end of the snapshot '{}', which has {} blocks.", index,
                  snapshot.id, block_count(snapshot)));
}

}  // namespace coffer::services::ebs
