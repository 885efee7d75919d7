// SPDX-License-Identifier: Apache-2.0
// GetSnapshotBlock.
#include "services/ebs/ebs_error.h"
#include "services/ebs/ebs_service.h"
#include "services/ebs/snapshot_lookup.h"

namespace coffer::services::ebs {

Result<api::GetSnapshotBlockResponse> EbsService::get_snapshot_block(
    Call& call, const api::GetSnapshotBlockRequest& request) {
  COFFER_TRY(snapshot, find_completed_snapshot(call, request.snapshot_id));
  return invalid("INVALID_BLOCK_TOKEN", "The blocks of '" + snapshot.id + "' cannot be read yet.");
}

}  // namespace coffer::services::ebs
