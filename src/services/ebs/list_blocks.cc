// SPDX-License-Identifier: Apache-2.0
// ListSnapshotBlocks and ListChangedBlocks.
#include "services/ebs/ebs_error.h"
#include "services/ebs/ebs_service.h"
#include "services/ebs/snapshot_lookup.h"

namespace coffer::services::ebs {

Result<api::ListSnapshotBlocksResponse> EbsService::list_snapshot_blocks(
    Call& call, const api::ListSnapshotBlocksRequest& request) {
  COFFER_TRY(snapshot, find_completed_snapshot(call, request.snapshot_id));
  return invalid("INVALID_SNAPSHOT_ID", "The blocks of '" + snapshot.id + "' cannot be listed yet.");
}

Result<api::ListChangedBlocksResponse> EbsService::list_changed_blocks(
    Call& call, const api::ListChangedBlocksRequest& request) {
  COFFER_TRY(second, find_completed_snapshot(call, request.second_snapshot_id));
  return invalid("INVALID_SNAPSHOT_ID", "The blocks of '" + second.id + "' cannot be listed yet.");
}

}  // namespace coffer::services::ebs
