// SPDX-License-Identifier: Apache-2.0
// Snapshots as the EBS direct APIs find them. May the caller do the call's action on one? That is asked here,
// once the snapshot is found.
#pragma once
#include <string>

#include "services/call.h"

namespace coffer::services::ebs {

// ResourceNotFoundException for what is not there, not this account's or not in this region.
Result<catalog::Snapshot> find_snapshot(Call& call, const std::string& snapshot_id);

// One that can be read: completed. ValidationException otherwise.
Result<catalog::Snapshot> find_completed_snapshot(Call& call, const std::string& snapshot_id);

}  // namespace coffer::services::ebs
