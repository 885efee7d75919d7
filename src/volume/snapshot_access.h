// SPDX-License-Identifier: Apache-2.0
// A snapshot that is open for its contents, block by block: to read it, and to write one that is not
// complete. Thread-safe.
#pragma once
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>

#include "volume/chain.h"

namespace coffer::volume {

inline constexpr uint64_t kSnapshotBlockSize = 512
                                               << 10;  // Amazon EBS API Reference, StartSnapshot: BlockSize

class SnapshotAccess {
 public:
  SnapshotAccess(std::string snapshot_id, bool writable, std::shared_ptr<const Chain> chain)
      : id_(std::move(snapshot_id)),
        size_(chain->top().size_bytes()),
        writable_(writable),
        chain_(std::move(chain)) {}

  const std::string& id() const { return id_; }
  uint64_t size() const { return size_; }
  // Whole sectors within size(). kNotFound once it is closed.
  Status read(uint64_t offset, MutableByteView out);
  // A block in one piece or in several, in order. With the last it is durable. kConflict when the snapshot is
  // complete, or when the piece before was not written through this object: then the block is to be written
  // from its start again.
  struct Piece {
    bool first = true, last = true;
  };
  Status write(uint64_t offset, ByteView data, Piece piece = {true, true});

  // For VolumeStore.
  const Chain& chain() const { return *chain_; }
  void replace_chain(std::shared_ptr<const Chain> chain);  // waits for who reads
  void complete();                                         // no writes from now on
  void close();                                            // the snapshot is gone

 private:
  static constexpr size_t kMostUnfinished = 1024;

  Status check(uint64_t offset, uint64_t length) const;
  Status take_up(uint64_t offset);
  void leave_off(uint64_t offset);

  const std::string id_;
  const uint64_t size_;
  std::shared_mutex mutex_;
  bool writable_;  // under mutex_, as what follows
  bool closed_ = false;
  std::shared_ptr<const Chain> chain_;
  std::mutex ends_mutex_;
  std::set<uint64_t> ends_;  // where pieces ended whose blocks go on
};

}  // namespace coffer::volume
