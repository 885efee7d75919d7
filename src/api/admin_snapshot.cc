// SPDX-License-Identifier: Apache-2.0
// volume-why for a snapshot: how a copy gets on, and why it failed.
#include <fmt/format.h>

#include "api/admin_call.h"

namespace coffer::api {
namespace {

std::string origin_of(const catalog::Snapshot& snapshot) {
  if (!snapshot.source_snapshot_id.empty())
    return fmt::format("a copy of {} in {}", snapshot.source_snapshot_id, snapshot.source_region);
  return "a snapshot of " + snapshot.volume_id;
}

}  // namespace

Result<std::string> snapshot_why(AdminCall& call) {
  const std::string id = call.text("volume_id");
  std::optional<catalog::Snapshot> found;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.snapshot(id));
    found = std::move(row);
    return {};
  }));
  if (!found || found->state == "creating" || found->state == "deleting")
    return fail(ErrorKind::kNotFound, "The snapshot '" + id + "' does not exist.",
                "InvalidSnapshot.NotFound");
  const bool failed = found->state == "error";
  std::string message = found->state_message;
  if (found->state == "pending") message = fmt::format("{}, {}% done", origin_of(*found), found->progress);
  return success_line({{"volume_id", found->id},
                       {"region", found->region},
                       {"state", found->state},
                       {"code", failed ? "SnapshotFailed" : ""},
                       {"message", message},
                       {"since", iso8601(found->completed.value_or(found->started))}});
}

}  // namespace coffer::api
