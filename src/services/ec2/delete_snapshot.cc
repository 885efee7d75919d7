// SPDX-License-Identifier: Apache-2.0
// DeleteSnapshot: gone from every list at once; the snapshot worker has volumed delete it, however long it
// takes. No key is needed for it.
#include "services/ec2/ec2_service.h"
#include "services/ec2/snapshot_lookup.h"

namespace coffer::services::ec2 {

Result<api::DeleteSnapshotResponse> Ec2Service::delete_snapshot(Call& call,
                                                                const api::DeleteSnapshotRequest& request) {
  COFFER_CHECK(find_snapshot(call, request.snapshot_id));
  auto response = call.commit<api::DeleteSnapshotResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::DeleteSnapshotResponse> {
        COFFER_TRY(snapshot, transaction.snapshot(request.snapshot_id));
        if (!snapshot || !is_visible(*snapshot)) return snapshot_not_found(request.snapshot_id);
        snapshot->state = "deleting";
        COFFER_CHECK(transaction.update_snapshot(*snapshot));
        return api::DeleteSnapshotResponse{};
      });
  snapshot_worker_.notify();
  return response;
}

}  // namespace coffer::services::ec2
