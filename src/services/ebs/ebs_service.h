// SPDX-License-Identifier: Apache-2.0
// The EBS direct APIs: snapshots read and written block by block. One file an operation family. Thread-safe.
// Source: EBS direct APIs Reference; EBS User Guide, "Use EBS direct APIs to access the contents of an EBS
// snapshot".
#pragma once
#include "generated/ebs/model.h"
#include "services/call.h"
#include "services/ebs/block_tokens.h"
#include "services/ebs/snapshot_contents.h"
#include "services/ebs/upload_worker.h"

namespace coffer::services::ebs {

namespace api = coffer::ebs;  // the generated shapes

class EbsService final : public api::Handlers {
 public:
  explicit EbsService(Installation& installation)
      : tokens_(installation), contents_(installation), worker_(installation, locks_) {}

  // Gives up, from now on, snapshots that nobody writes any more.
  void start() { worker_.start(); }
  void stop() { worker_.stop(); }

  // permissions.cc
  // What the pipeline asks before anything is done.
  Status authorise(std::string_view operation, Call& call, const wire::Value& request);
  // list_blocks.cc
  Result<api::ListSnapshotBlocksResponse> list_snapshot_blocks(
      Call& call, const api::ListSnapshotBlocksRequest& request) override;
  Result<api::ListChangedBlocksResponse> list_changed_blocks(
      Call& call, const api::ListChangedBlocksRequest& request) override;
  // read_block.cc
  Result<api::GetSnapshotBlockResponse> get_snapshot_block(
      Call& call, const api::GetSnapshotBlockRequest& request) override;
  // start_snapshot.cc
  Result<api::StartSnapshotResponse> start_snapshot(Call& call,
                                                    const api::StartSnapshotRequest& request) override;
  // write_block.cc
  Result<api::PutSnapshotBlockResponse> put_snapshot_block(
      Call& call, const api::PutSnapshotBlockRequest& request) override;
  // complete_snapshot.cc
  Result<api::CompleteSnapshotResponse> complete_snapshot(
      Call& call, const api::CompleteSnapshotRequest& request) override;

 private:
  BlockTokens tokens_;
  SnapshotContents contents_;
  UploadLocks locks_;
  UploadWorker worker_;
};

}  // namespace coffer::services::ebs
