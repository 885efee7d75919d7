// SPDX-License-Identifier: Apache-2.0
// apid's side of the protocol between apid and volumed. Versioned; assumes no shared file system: everything
// that must be known is in the messages. Thread-safe; kUnavailable while volumed is down or when it dies
// meanwhile.
//
// Keys. What needs data keys goes in three steps under a session id that apid makes (an attachment's id, or
// "session-" + 17 hex): prepare_keys says which wrapped keys a subject needs, and gives a nonce; apid has
// keyd box them, at most 256 a box, every box bound to {host, subject, session, nonce}, and delivers each;
// the call that uses them names the session, which is spent whatever becomes of the call. A session lives for
// 120 s. A subject is a volume id, a snapshot id or, for background work, a layer id.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "control/volumed_types.h"

namespace coffer::control {

class ClientChannel;

class VolumedClient {
 public:
  VolumedClient();
  ~VolumedClient();
  void connect(FileDescriptor channel);

  Result<VolumedStatus> status();

  // --- volumes
  Status create_volume(const NewVolume& volume);       // idempotent by volume id and layer id
  Status delete_volume(const std::string& volume_id);  // kConflict while attached; idempotent
  Result<std::vector<std::string>> list_volumes();
  Status grow_volume(const std::string& volume_id,
                     uint64_t size_bytes);  // durable; idempotent; never shrinks

  // --- keys
  Result<PreparedKeys> prepare_keys(const std::string& subject_id, const std::string& session_id);
  Status deliver_keys(const std::string& subject_id, const std::string& session_id, ByteView box);

  // --- attachments
  // Under the session `attachment_id`; a volume without encrypted layers needs none. Serves NBD when it
  // returns.
  Result<AttachedVolume> attach(const std::string& volume_id, const std::string& attachment_id);
  // Flushes, closes clients, wipes the keys. Idempotent. kIo when the last flush failed and `force` is false.
  Status detach(const std::string& volume_id, bool force);
  // Operations and bytes a second; 0: no limit. At once, also for an attached volume; kept until it is
  // detached, or volumed ends.
  Status set_limits(const std::string& volume_id, uint32_t iops, uint64_t bytes_per_second);

  // --- snapshots
  // All at one instant. They exist when it returns (readable, survive a crash), but what the volumes had not
  // flushed is durable only after complete_snapshot. Idempotent by snapshot ids and the new tops' layer ids,
  // for all of them or none. Every session is spent.
  Status create_snapshots(const std::vector<NewSnapshot>& snapshots);
  // Idempotent; seals one that is written block by block. kConflict for a copy that is not done.
  Status complete_snapshot(const std::string& snapshot_id);
  Status delete_snapshot(const std::string& snapshot_id);  // idempotent; what was made of it lives on
  Result<std::vector<SnapshotDescription>> list_snapshots();
  Status create_detached_snapshot(const NewDetachedSnapshot& snapshot);  // idempotent
  // A new top layer under a new key, into which everything below is lifted in the background: jobs() shows it
  // as "hydrate" of `layer`. `session_id` holds the layer's key; needed only while the volume is open.
  Status rekey_volume(const std::string& volume_id, const NewLayer& layer, const std::string& session_id);

  // --- what lies in the store
  // All volumes, snapshots and layers, by id, as they are one page after the other.
  Result<std::vector<StoredNode>> list_nodes();
  // Another wrapping of a layer's data key; the old one is overwritten. Idempotent. kConflict when the
  // layer's wrapped key is not `before`, kNotFound when there is no such layer (any more).
  Status replace_layer_key(const std::string& layer_id, const Bytes& before, const Bytes& after);

  // --- background work
  Result<std::vector<Job>> jobs();
  Status run_job(const std::string& subject_id, const std::string& session_id);
  Status set_job_rate(uint64_t bytes_per_second);  // for each job, from now on; 0: no limit

  // --- blocks of snapshots, kBlockSize each
  // The blocks from `first_block` on that hold data in `snapshot_id` (where `base_snapshot_id` is empty) or
  // may differ from `base_snapshot_id`, in order; at most `most`. Needs no keys.
  Result<std::vector<uint32_t>> list_blocks(const std::string& snapshot_id,
                                            const std::string& base_snapshot_id, uint32_t first_block,
                                            uint32_t most);
  // Under the session's keys. Closed a minute after its last use; opening what is open renews it.
  Status open_snapshot(const std::string& snapshot_id, const std::string& session_id);
  // kConflict when the snapshot is not open (any more).
  Result<Bytes> read_block(const std::string& snapshot_id, uint32_t block);
  // `data` is a whole block; the snapshot is one that is not complete. Durable when it returns. Not atomic:
  // repeat it when it fails.
  Status write_block(const std::string& snapshot_id, uint32_t block, ByteView data);

  // --- NBD over TLS
  Result<NbdKey> nbd_key();
  // For that key, and the authority whose clients it believes. Good for connections to come.
  Status set_nbd_certificate(ByteView certificate_der, ByteView authority_der);

 private:
  std::unique_ptr<ClientChannel> channel_;
};

}  // namespace coffer::control
