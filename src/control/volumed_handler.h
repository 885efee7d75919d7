// SPDX-License-Identifier: Apache-2.0
// What volumed does for apid. VolumedClient says what each call promises; here a list is given whole, in any
// order, and cut into pages on its way.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "control/messages.h"

namespace coffer::control {

// Called from several threads.
class VolumedHandler {
 public:
  virtual ~VolumedHandler() = default;
  virtual VolumedStatus status() = 0;
  virtual Status create_volume(const NewVolume& volume) = 0;
  virtual Status delete_volume(const std::string& volume_id) = 0;
  virtual Result<std::vector<std::string>> list_volumes() = 0;
  virtual Status grow_volume(const std::string& volume_id, uint64_t size_bytes) = 0;

  // Begins a session; an earlier one of the same subject and id is gone, with its keys.
  virtual Result<PreparedKeys> prepare_keys(const std::string& subject_id, const std::string& session_id) = 0;
  // What prepare_keys answered, for the further pages of it. kConflict when the session is over.
  virtual Result<PreparedKeys> prepared_keys(const std::string& subject_id,
                                             const std::string& session_id) = 0;
  virtual Status deliver_keys(const std::string& subject_id, const std::string& session_id, ByteView box) = 0;

  virtual Result<AttachedVolume> attach(const std::string& volume_id, const std::string& attachment_id) = 0;
  virtual Status detach(const std::string& volume_id, bool force) = 0;
  virtual Status set_limits(const std::string& volume_id, uint32_t iops, uint64_t bytes_per_second) = 0;

  virtual Status create_snapshots(const std::vector<NewSnapshot>& snapshots) = 0;
  virtual Status complete_snapshot(const std::string& snapshot_id) = 0;
  virtual Status delete_snapshot(const std::string& snapshot_id) = 0;
  virtual Result<std::vector<SnapshotDescription>> list_snapshots() = 0;
  virtual Status create_detached_snapshot(const NewDetachedSnapshot& snapshot) = 0;
  virtual Status rekey_volume(const std::string& volume_id, const NewLayer& layer,
                              const std::string& session_id) = 0;

  virtual Result<std::vector<Job>> jobs() = 0;
  virtual Status run_job(const std::string& subject_id, const std::string& session_id) = 0;
  virtual Status set_job_rate(uint64_t bytes_per_second) = 0;

  virtual Result<std::vector<uint32_t>> list_blocks(const std::string& snapshot_id,
                                                    const std::string& base_snapshot_id, uint32_t first_block,
                                                    uint32_t most) = 0;
  virtual Status open_snapshot(const std::string& snapshot_id, const std::string& session_id) = 0;
  // Pieces that lie in one block, of kLongestPiece at most; `offset` in bytes from the block's start.
  virtual Result<Bytes> read_block(const std::string& snapshot_id, uint32_t block, uint32_t offset,
                                   uint32_t length) = 0;
  // In order; the block is durable when its last piece is written.
  virtual Status write_block(const std::string& snapshot_id, uint32_t block, uint32_t offset,
                             ByteView data) = 0;

  // By id, from `after` on.
  virtual Result<std::vector<StoredNode>> list_nodes(const std::string& /*after*/, size_t /*most*/) {
    return fail(ErrorKind::kUnsupported, "this volumed lists no layers");
  }
  virtual Status replace_layer_key(const std::string& /*layer_id*/, const Bytes& /*before*/,
                                   const Bytes& /*after*/) {
    return fail(ErrorKind::kUnsupported, "this volumed replaces no keys");
  }

  virtual Result<NbdKey> nbd_key() { return NbdKey{}; }
  virtual Status set_nbd_certificate(ByteView /*certificate_der*/, ByteView /*authority_der*/) {
    return fail(ErrorKind::kUnsupported, "volumed does not listen for NBD over TLS");
  }
};

// One request to the handler, as a pure exchange. An exception is an internal error.
Reply answer(VolumedHandler& handler, const Request& request);

}  // namespace coffer::control
