// SPDX-License-Identifier: Apache-2.0
// Snapshots as the EBS direct APIs find them.
#pragma once
#include <string>

#include "policy/context.h"
#include "services/call.h"

namespace coffer::services::ebs {

inline constexpr uint32_t kBlockSize = 512 * 1024;

// ResourceNotFoundException for what is not there, not this account's or not in this region.
Result<catalog::Snapshot> find_snapshot(Call& call, const std::string& snapshot_id);
// One that can be read: completed. ValidationException otherwise.
Result<catalog::Snapshot> find_completed_snapshot(Call& call, const std::string& snapshot_id);
// One that was started by StartSnapshot and is still written. ValidationException otherwise.
Result<catalog::Snapshot> find_snapshot_in_writing(Call& call, const std::string& snapshot_id);

// What policies may ask of a snapshot: its tags.
policy::Context snapshot_context(const catalog::Snapshot& snapshot);

// Was it started by StartSnapshot?
bool is_written_by_blocks(const catalog::Snapshot& snapshot);

uint32_t block_count(const catalog::Snapshot& snapshot);
// INVALID_BLOCK beyond the end.
Status check_block_index(const catalog::Snapshot& snapshot, int32_t index);

}  // namespace coffer::services::ebs
