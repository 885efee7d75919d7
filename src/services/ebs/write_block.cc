// SPDX-License-Identifier: Apache-2.0
// PutSnapshotBlock. The catalog knows a block once volumed holds it durably; what is about to be overwritten
// is forgotten first, once the caller may use the snapshot's keys, so that CompleteSnapshot never counts a
// block whose contents are in doubt, and a call that is refused changes nothing.
#include <fmt/format.h>

#include "base/encoding.h"
#include "crypto/mac.h"
#include "services/ebs/ebs_error.h"
#include "services/ebs/ebs_service.h"
#include "services/ebs/snapshot_lookup.h"

namespace coffer::services::ebs {
namespace {

Result<crypto::Sha256> check_block(const api::PutSnapshotBlockRequest& request) {
  constexpr const char* kReason = "INVALID_PARAMETER_VALUE";
  if (request.data_length != static_cast<int32_t>(kBlockSize))
    return invalid(kReason, fmt::format("The data length is {}; only {} is supported.", request.data_length,
                                        kBlockSize));
  if (request.block_data.size() != kBlockSize)
    return invalid(kReason, fmt::format("The block data has {} bytes, not the {} of a block.",
                                        request.block_data.size(), kBlockSize));
  const crypto::Sha256 checksum = crypto::sha256(request.block_data);
  if (request.checksum != base64(checksum))
    return invalid(kReason, "The checksum is not the SHA-256 of the block data, in base64.");
  return checksum;
}

Status forget(catalog::Catalog& catalog, const std::string& snapshot_id, uint32_t block) {
  bool known = false;
  COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(written, transaction.written_block(snapshot_id, block));
    known = written.has_value();
    return {};
  }));
  if (!known) return {};
  return catalog.write([&](catalog::Transaction& transaction) {
    return transaction.remove_written_block(snapshot_id, block);
  });
}

}  // namespace

Result<api::PutSnapshotBlockResponse> EbsService::put_snapshot_block(
    Call& call, const api::PutSnapshotBlockRequest& request) {
  const auto writing = locks_.write_to(request.snapshot_id);
  COFFER_TRY(snapshot, find_snapshot_in_writing(call, request.snapshot_id));
  COFFER_CHECK(check_block_index(snapshot, request.block_index));
  COFFER_TRY(checksum, check_block(request));
  const auto block = static_cast<uint32_t>(request.block_index);

  const auto alone = locks_.hold_block(snapshot.id, block);
  COFFER_CHECK(contents_.write(call, snapshot, block, request.block_data,
                               [&] { return forget(call.installation.catalog, snapshot.id, block); }));
  return call.commit<api::PutSnapshotBlockResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::PutSnapshotBlockResponse> {
        COFFER_TRY(row, transaction.snapshot(snapshot.id));
        if (!row || row->state != "pending")
          return not_found("SNAPSHOT_NOT_FOUND",
                           fmt::format("The snapshot '{}' does not exist.", snapshot.id));
        COFFER_CHECK(transaction.put_written_block(snapshot.id, {block, to_bytes(checksum)}));
        COFFER_CHECK(transaction.set_last_active(snapshot.id, call.installation.clock.now()));
        const auto progress = static_cast<uint32_t>(request.progress.value_or(0));
        if (request.progress && progress != row->progress) {
          row->progress = progress;
          COFFER_CHECK(transaction.update_snapshot(*row));
        }
        return api::PutSnapshotBlockResponse{.checksum = base64(checksum), .checksum_algorithm = "SHA256"};
      });
}

}  // namespace coffer::services::ebs
