// SPDX-License-Identifier: Apache-2.0
// What volumed does for apid, put together: the store, the keys on their way, the attached volumes, the
// snapshots that are open, and the background work. Keys come in boxes that are opened here
// (docs/format/control-protocol.md); whatever needs keys needs all of its chain's delivered to its own
// session, also where they are in memory for something else.
#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "base/random.h"
#include "control/volumed_handler.h"
#include "host/attachments.h"
#include "host/host_options.h"
#include "host/idle_flusher.h"
#include "host/job_runner.h"
#include "host/key_recipient.h"
#include "host/key_sessions.h"
#include "host/snapshot_sessions.h"
#include "volume/volume_store.h"

namespace coffer::host {

// The seams that it works through.
struct HostSystem {
  Disk& disk;
  Random& random;
  Clock& clock;
};

// Thread-safe.
class VolumeHost final : public control::VolumedHandler {
 public:
  // `system` and `recipient` outlive it.
  static Result<std::unique_ptr<VolumeHost>> open(HostSystem system, const HostFolders& folders,
                                                  std::string host_id, KeyRecipient& recipient,
                                                  const HostOptions& options = {});
  ~VolumeHost() override { close_all(); }

  control::VolumedStatus status() override;
  Status create_volume(const control::NewVolume& volume) override;
  Status delete_volume(const std::string& volume_id) override;
  Result<std::vector<std::string>> list_volumes() override { return store_->list(); }
  Status grow_volume(const std::string& volume_id, uint64_t size_bytes) override;

  // Waits a moment for keyd to know this host, so that an attachment right after a restart finds its
  // recipient.
  Result<control::PreparedKeys> prepare_keys(const std::string& subject_id,
                                             const std::string& session_id) override;
  Result<control::PreparedKeys> prepared_keys(const std::string& subject_id,
                                              const std::string& session_id) override;
  Status deliver_keys(const std::string& subject_id, const std::string& session_id, ByteView box) override;

  Result<control::AttachedVolume> attach(const std::string& volume_id,
                                         const std::string& attachment_id) override;
  Status detach(const std::string& volume_id, bool force) override;
  Result<control::NbdKey> nbd_key() override;
  Status set_nbd_certificate(ByteView certificate_der, ByteView authority_der) override;
  // What is attached, for servers of many exports.
  exporting::ExportDirectory& exports() { return attachments_.exports(); }
  Status set_limits(const std::string& volume_id, uint32_t iops, uint64_t bytes_per_second) override;

  Status create_snapshots(const std::vector<control::NewSnapshot>& snapshots) override;
  Status complete_snapshot(const std::string& snapshot_id) override;
  Status delete_snapshot(const std::string& snapshot_id) override;
  Result<std::vector<control::SnapshotDescription>> list_snapshots() override;
  Status create_detached_snapshot(const control::NewDetachedSnapshot& snapshot) override;
  Status rekey_volume(const std::string& volume_id, const control::NewLayer& layer,
                      const std::string& session_id) override;

  Result<std::vector<control::StoredNode>> list_nodes(const std::string& after, size_t most) override;
  Status replace_layer_key(const std::string& layer_id, const Bytes& before, const Bytes& after) override {
    return store_->replace_wrapped_key(layer_id, before, after);
  }

  Result<std::vector<control::Job>> jobs() override { return jobs_->jobs(); }
  Status run_job(const std::string& subject_id, const std::string& session_id) override;
  Status set_job_rate(uint64_t bytes_per_second) override;

  Result<std::vector<uint32_t>> list_blocks(const std::string& snapshot_id,
                                            const std::string& base_snapshot_id, uint32_t first_block,
                                            uint32_t most) override;
  Status open_snapshot(const std::string& snapshot_id, const std::string& session_id) override;
  Result<Bytes> read_block(const std::string& snapshot_id, uint32_t block, uint32_t offset,
                           uint32_t length) override;
  Status write_block(const std::string& snapshot_id, uint32_t block, uint32_t offset, ByteView data) override;

  // Ends background work, flushes and closes everything; further attachments are refused. Failures are
  // logged. Idempotent.
  void close_all();
  // Of the keys that were delivered, how many wait for the call that uses them.
  size_t keys_waiting() const { return sessions_.keys(); }

 private:
  VolumeHost(HostSystem system, std::unique_ptr<volume::VolumeStore> store, const HostFolders& folders,
             std::string host_id, KeyRecipient& recipient, const HostOptions& options);

  // The keys of the subject's whole chain; the session is over.
  Result<volume::LayerKeys> take_chain_keys(const std::string& subject_id, const std::string& session_id);
  std::set<std::string> key_layers_of(const std::string& subject_id);
  void keep_house();
  void wake_housekeeper();

  Clock& clock_;
  KeyRecipient& recipient_;
  const std::string host_id_;
  const std::string io_;  // for people
  exporting::TlsIdentity* const nbd_identity_;
  const std::unique_ptr<volume::VolumeStore> store_;
  KeySessions sessions_;
  Attachments attachments_;
  IdleFlusher idle_flusher_{attachments_};
  SnapshotSessions snapshots_;
  std::unique_ptr<JobRunner> jobs_;

  // Ends what is too old, while there is something that can become so.
  std::mutex house_mutex_;
  std::condition_variable house_changed_;
  bool something_ages_ = true, closing_ = false;  // under house_mutex_
  std::thread housekeeper_;
};

}  // namespace coffer::host
