// SPDX-License-Identifier: Apache-2.0
// GetSnapshotBlock.
#include "base/encoding.h"
#include "crypto/mac.h"
#include "services/ebs/ebs_service.h"
#include "services/ebs/snapshot_lookup.h"

namespace coffer::services::ebs {

Result<api::GetSnapshotBlockResponse> EbsService::get_snapshot_block(
    Call& call, const api::GetSnapshotBlockRequest& request) {
  COFFER_TRY(snapshot, find_completed_snapshot(call, request.snapshot_id));
  COFFER_CHECK(check_block_index(snapshot, request.block_index));
  const auto block = static_cast<uint32_t>(request.block_index);
  COFFER_CHECK(tokens_.check(call, snapshot.id, block, request.block_token));
  COFFER_TRY(contents, contents_.read(call, snapshot, block));
  api::GetSnapshotBlockResponse response;
  response.data_length = static_cast<int32_t>(contents.size());
  response.checksum = base64(crypto::sha256(contents));
  response.checksum_algorithm = "SHA256";
  response.block_data = std::move(contents);
  return response;
}

}  // namespace coffer::services::ebs
