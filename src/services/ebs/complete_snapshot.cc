// SPDX-License-Identifier: Apache-2.0
// CompleteSnapshot.
#include "services/ebs/ebs_error.h"
#include "services/ebs/ebs_service.h"
#include "services/ebs/snapshot_lookup.h"

namespace coffer::services::ebs {

Result<api::CompleteSnapshotResponse> EbsService::complete_snapshot(
    Call& call, const api::CompleteSnapshotRequest& request) {
  COFFER_TRY(snapshot, find_snapshot(call, request.snapshot_id));
  return invalid("INVALID_SNAPSHOT_ID",
                 "The snapshot '" + snapshot.id + "' was not started by StartSnapshot.");
}

}  // namespace coffer::services::ebs
