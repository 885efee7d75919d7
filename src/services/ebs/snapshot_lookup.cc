// SPDX-License-Identifier: Apache-2.0
#include "services/ebs/snapshot_lookup.h"

#include <fmt/format.h>

#include "services/arn.h"
#include "services/ebs/ebs_error.h"

namespace coffer::services::ebs {

Result<catalog::Snapshot> find_snapshot(Call& call, const std::string& snapshot_id) {
  std::optional<catalog::Snapshot> snapshot;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.snapshot(snapshot_id));
    snapshot = std::move(row);
    return {};
  }));
  const bool visible = snapshot && snapshot->state != "creating" && snapshot->state != "deleting";
  if (!visible || snapshot->account != call.account || snapshot->region != call.region)
    return not_found("SNAPSHOT_NOT_FOUND", fmt::format("The snapshot '{}' does not exist.", snapshot_id));
  COFFER_CHECK(call.authorise("ebs:" + call.operation,
                              make_arn("ec2", call.region, snapshot->account, "snapshot/" + snapshot_id)));
  return std::move(*snapshot);
}

Result<catalog::Snapshot> find_completed_snapshot(Call& call, const std::string& snapshot_id) {
  COFFER_TRY(snapshot, find_snapshot(call, snapshot_id));
  if (snapshot.state != "completed")
    return invalid("INVALID_SNAPSHOT_ID",
                   fmt::format("The snapshot '{}' is not completed; it is {}.", snapshot_id, snapshot.state));
  return snapshot;
}

}  // namespace coffer::services::ebs
