// SPDX-License-Identifier: Apache-2.0
// The attachments of this host: what volumed does for apid. A volume's keys come in a box that is opened
// here; the volume is opened under them and served over NBD. A failure anywhere leaves nothing attached and
// no key in memory.
//
// An attached volume is served until it is detached or the process stops, whoever of the others is down.
#pragma once
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/disk.h"
#include "base/random.h"
#include "control/volumed_server.h"
#include "export/export_directory.h"
#include "export/nbd_server.h"
#include "export/tls_identity.h"
#include "host/key_recipient.h"
#include "host/key_sessions.h"
#include "volume/volume_store.h"

namespace coffer::host {

struct HostFolders {
  std::string volumes;  // DIR/volumes
  std::string sockets;  // DIR/run/nbd, resolved
};

struct HostOptions {
  bool throttle = false;                           // hold volumes to the limits of their types
  std::string io;                                  // how volumes' files are read and written, for people
  exporting::TlsIdentity* nbd_identity = nullptr;  // of NBD over TLS, when somebody listens; outlives us
  exporting::NbdLimits limits = {};
};

// Thread-safe; calls for one volume wait for each other.
class Attachments final : public control::VolumedHandler {
 public:
  // Removes the sockets that an earlier process left. `disk`, `random` and `recipient` outlive it.
  static Result<std::unique_ptr<Attachments>> open(Disk& disk, Random& random, const HostFolders& folders,
                                                   std::string host_id, KeyRecipient& recipient,
                                                   const HostOptions& options = {});
  ~Attachments() override { close_all(); }

  control::VolumedStatus status() override;
  Status create_volume(const control::NewVolume& volume) override;
  Status delete_volume(const std::string& volume_id) override;
  Result<std::vector<std::string>> list_volumes() override;
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
  exporting::ExportDirectory& exports() { return exports_; }

  // What the volume room does not do yet: kUnsupported.
  Status grow_volume(const std::string&, uint64_t) override { return unsupported(); }
  Status set_limits(const std::string&, uint32_t, uint64_t) override { return unsupported(); }
  Status create_snapshots(const std::vector<control::NewSnapshot>&) override { return unsupported(); }
  Status complete_snapshot(const std::string&) override { return unsupported(); }
  Status delete_snapshot(const std::string&) override { return unsupported(); }
  Result<std::vector<control::SnapshotDescription>> list_snapshots() override {
    return std::vector<control::SnapshotDescription>();
  }
  Status create_detached_snapshot(const control::NewDetachedSnapshot&) override { return unsupported(); }
  Status rekey_volume(const std::string&, const control::NewLayer&, const std::string&) override {
    return unsupported();
  }
  Result<std::vector<control::Job>> jobs() override { return std::vector<control::Job>(); }
  Status run_job(const std::string&, const std::string&) override { return unsupported(); }
  Status set_job_rate(uint64_t) override { return unsupported(); }
  Result<std::vector<uint32_t>> list_blocks(const std::string&, const std::string&, uint32_t,
                                            uint32_t) override {
    return unsupported();
  }
  Status open_snapshot(const std::string&, const std::string&) override { return unsupported(); }
  Result<Bytes> read_block(const std::string&, uint32_t, uint32_t, uint32_t) override {
    return unsupported();
  }
  Status write_block(const std::string&, uint32_t, uint32_t, ByteView) override { return unsupported(); }

  // Flushes and closes everything; further attachments are refused. Failures are logged. Idempotent.
  void close_all();

 private:
  struct Attached {
    std::string attachment_id;
    std::shared_ptr<volume::Volume> volume;
    std::unique_ptr<exporting::NbdServer> server;
  };
  using AttachedPointer = std::shared_ptr<Attached>;

  Attachments(std::unique_ptr<volume::VolumeStore> store, Random& random, std::string sockets,
              std::string host_id, KeyRecipient& recipient, const HostOptions& options)
      : store_(std::move(store)),
        sockets_(std::move(sockets)),
        host_id_(std::move(host_id)),
        recipient_(recipient),
        options_(options),
        exports_(options.limits),
        sessions_(random, host_id_, recipient) {}

  // Held while a volume's state changes. Several volumes may share one.
  std::mutex& lock_of(const std::string& volume_id);
  AttachedPointer find(const std::string& volume_id);
  control::AttachedVolume describe(const Attached& attached) const;

  static tl::unexpected<Error> unsupported() {
    return fail(ErrorKind::kUnsupported, "this release's volumes cannot do that yet");
  }
  Result<std::vector<volume::LayerKey>> take_keys(const std::string& volume_id,
                                                  const std::string& attachment_id);
  Result<std::unique_ptr<exporting::NbdServer>> serve(std::shared_ptr<volume::Volume> volume);
  Status close(Attached& attached, bool force);

  const std::unique_ptr<volume::VolumeStore> store_;
  const std::string sockets_;
  const std::string host_id_;
  KeyRecipient& recipient_;
  const HostOptions options_;
  exporting::ExportDirectory exports_;
  KeySessions sessions_;
  std::array<std::mutex, 64> volume_locks_;
  std::mutex mutex_;
  std::map<std::string, AttachedPointer> attached_;  // by volume id, under mutex_
  bool closed_ = false;                              // under mutex_
};

}  // namespace coffer::host
