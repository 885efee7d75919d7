// SPDX-License-Identifier: Apache-2.0
// StartSnapshot.
#include "services/ebs/ebs_error.h"
#include "services/ebs/ebs_service.h"
#include "services/ebs/snapshot_lookup.h"

namespace coffer::services::ebs {

Result<api::StartSnapshotResponse> EbsService::start_snapshot(Call& call,
                                                              const api::StartSnapshotRequest& request) {
  if (request.parent_snapshot_id) COFFER_CHECK(find_completed_snapshot(call, *request.parent_snapshot_id));
  return invalid("INVALID_PARAMETER_VALUE", "Snapshots cannot be written block by block yet.");
}

}  // namespace coffer::services::ebs
