// SPDX-License-Identifier: Apache-2.0
// CompleteSnapshot: only of what its writer believes to have written.
#include <fmt/format.h>

#include "base/encoding.h"
#include "crypto/mac.h"
#include "services/ebs/ebs_error.h"
#include "services/ebs/ebs_service.h"
#include "services/ebs/snapshot_lookup.h"

namespace coffer::services::ebs {
namespace {

struct Written {
  int64_t count = 0;
  std::string checksum;  // LINEAR: the SHA-256 of all blocks' SHA-256, by index; base64
};

Result<Written> sum_up(catalog::Catalog& catalog, const std::string& snapshot_id) {
  constexpr size_t kPage = 4096;
  Written written;
  crypto::Sha256Stream checksums;
  uint64_t first = 0;
  for (size_t found = kPage; found == kPage;) {
    COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
      COFFER_TRY(blocks, transaction.written_blocks(snapshot_id, first, kPage));
      for (const auto& block : blocks) checksums.update(block.checksum);
      found = blocks.size();
      if (found > 0) first = uint64_t{blocks.back().index} + 1;
      return {};
    }));
    written.count += static_cast<int64_t>(found);
  }
  written.checksum = base64(std::move(checksums).finish());
  return written;
}

Status check(const api::CompleteSnapshotRequest& request, const Written& written) {
  constexpr const char* kReason = "INVALID_PARAMETER_VALUE";
  const bool any = request.checksum || request.checksum_algorithm || request.checksum_aggregation_method;
  const bool all = request.checksum && request.checksum_algorithm && request.checksum_aggregation_method;
  if (any && !all)
    return invalid(
        kReason,
        "A checksum needs ChecksumAlgorithm and ChecksumAggregationMethod, and they need a checksum.");
  if (request.changed_blocks_count != written.count)
    return invalid(kReason, fmt::format("The changed blocks count is {}, but {} blocks were written.",
                                        request.changed_blocks_count, written.count));
  if (request.checksum && *request.checksum != written.checksum)
    return invalid(kReason, "The checksum is not that of the blocks that were written.");
  return {};
}

}  // namespace

Result<api::CompleteSnapshotResponse> EbsService::complete_snapshot(
    Call& call, const api::CompleteSnapshotRequest& request) {
  const auto alone = locks_.exclude_writers(request.snapshot_id);
  COFFER_TRY(found, find_snapshot(call, request.snapshot_id));
  // The answer may have been lost.
  if (is_written_by_blocks(found) && found.state == "completed")
    return api::CompleteSnapshotResponse{.status = found.state};
  COFFER_TRY(snapshot, find_snapshot_in_writing(call, request.snapshot_id));
  COFFER_TRY(written, sum_up(call.installation.catalog, snapshot.id));
  COFFER_CHECK(check(request, written));
  COFFER_CHECK(call.installation.volumed.complete_snapshot(snapshot.id));
  auto response = call.commit<api::CompleteSnapshotResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CompleteSnapshotResponse> {
        COFFER_TRY(row, transaction.snapshot(snapshot.id));
        if (!row || row->state != "pending")
          return not_found("SNAPSHOT_NOT_FOUND",
                           fmt::format("The snapshot '{}' does not exist.", snapshot.id));
        row->state = "completed";
        row->progress = 100;
        row->completed = call.installation.clock.now();
        COFFER_CHECK(transaction.update_snapshot(*row));
        return api::CompleteSnapshotResponse{.status = row->state};
      });
  worker_.notify();
  return response;
}

}  // namespace coffer::services::ebs
