// SPDX-License-Identifier: Apache-2.0
// The attached volumes of this host: opened under their keys and served over NBD. A failure anywhere leaves
// nothing attached and no key in memory. An attached volume is served until it is detached or the process
// stops, whoever of the others is down.
#pragma once
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "control/volumed_types.h"
#include "export/export_directory.h"
#include "export/nbd_server.h"
#include "host/host_options.h"
#include "host/watched_device.h"
#include "volume/throttled_device.h"
#include "volume/volume_store.h"

namespace coffer::host {

// Thread-safe; calls for one volume wait for each other.
class Attachments {
 public:
  // `store` and `clock` outlive it.
  Attachments(volume::VolumeStore& store, Clock& clock, std::string sockets, const HostOptions& options)
      : store_(store),
        clock_(clock),
        sockets_(std::move(sockets)),
        options_(options),
        exports_(options.limits) {}
  ~Attachments() { close_all(); }
  // Removes the sockets that an earlier process left.
  static Status remove_stale_sockets(Disk& disk, const std::string& folder);

  // What is attached, for servers of many exports.
  exporting::ExportDirectory& exports() { return exports_; }
  std::vector<control::AttachedVolume> list();
  // What is served under that attachment, or nothing.
  std::optional<control::AttachedVolume> served(const std::string& volume_id,
                                                const std::string& attachment_id);

  // kConflict while it is attached under another id.
  Result<control::AttachedVolume> attach(const std::string& volume_id, const std::string& attachment_id,
                                         const volume::LayerKeys& keys);
  // kIo when the last flush failed and `force` is false: it stays readable.
  Status detach(const std::string& volume_id, bool force);
  // Before or while it is attached; forgotten with the attachment. No effect unless HostOptions::throttle.
  void set_limits(const std::string& volume_id, const volume::ThrottleLimits& limits);
  // Runs `change` while the volume cannot be attached; kConflict when it is.
  Status while_detached(const std::string& volume_id, const std::function<Status()>& change);
  // Was there I/O on any of them since this was asked last?
  bool used();

  // Flushes what was written to and then left alone since this was called last. Failures are logged, and are
  // the volume's as those of any flush.
  void flush_idle();

  // Flushes and closes everything; further attachments are refused. Failures are logged. Idempotent.
  void close_all();

 private:
  // export -> watched -> (throttled ->) volume
  struct Attached {
    std::string attachment_id;
    std::shared_ptr<volume::Volume> volume;
    std::shared_ptr<volume::ThrottledDevice> throttled;  // or null
    std::shared_ptr<WatchedDevice> watched;
    std::unique_ptr<exporting::NbdServer> server;
  };
  using AttachedPointer = std::shared_ptr<Attached>;

  // Held while a volume's state changes. Several volumes may share one.
  std::mutex& lock_of(const std::string& volume_id);
  AttachedPointer find(const std::string& volume_id);
  volume::ThrottleLimits limits_of(const std::string& volume_id);
  control::AttachedVolume describe(const Attached& attached) const;
  Result<std::unique_ptr<exporting::NbdServer>> serve(const Attached& attached);
  Status close(Attached& attached, bool force);

  volume::VolumeStore& store_;
  Clock& clock_;
  const std::string sockets_;
  const HostOptions options_;
  exporting::ExportDirectory exports_;
  std::array<std::mutex, 64> volume_locks_;
  std::mutex mutex_;                                      // what follows
  std::map<std::string, AttachedPointer> attached_;       // by volume id
  std::map<std::string, volume::ThrottleLimits> limits_;  // by volume id
  bool closed_ = false;
};

}  // namespace coffer::host
