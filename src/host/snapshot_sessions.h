// SPDX-License-Identifier: Apache-2.0
// Snapshots that are open for access to their blocks (EBS direct APIs), until nobody used them for a minute.
// Thread-safe.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "volume/volume_store.h"

namespace coffer::host {

class SnapshotSessions {
 public:
  static constexpr std::chrono::seconds kLifetime{60};  // after the last use
  static constexpr size_t kMost = 64;                   // the longest unused goes

  SnapshotSessions(volume::VolumeStore& store, Clock& clock) : store_(store), clock_(clock) {}

  bool is_open(const std::string& snapshot_id);
  // Renews it when it is open; `keys` go unused then.
  Status open(const std::string& snapshot_id, const volume::LayerKeys& keys);
  // kConflict when it is not open (any more); kInvalidArgument beyond its end.
  Result<Bytes> read(const std::string& snapshot_id, uint64_t offset, uint32_t length);
  Status write(const std::string& snapshot_id, uint64_t offset, ByteView data,
               volume::SnapshotAccess::Piece piece);

  // Those that nobody used for too long.
  std::vector<std::string> expired();
  void close_expired(const std::string& snapshot_id);  // unless it was opened again meanwhile
  void close(const std::string& snapshot_id);
  void close_all();
  bool empty();

 private:
  struct Session {
    std::shared_ptr<volume::SnapshotAccess> access;
    std::chrono::steady_clock::time_point last_use;
  };
  Result<std::shared_ptr<volume::SnapshotAccess>> use(const std::string& snapshot_id);

  volume::VolumeStore& store_;
  Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Session> sessions_;  // by snapshot id, under mutex_
};

}  // namespace coffer::host
