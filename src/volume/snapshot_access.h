// SPDX-License-Identifier: Apache-2.0
// A snapshot that is open for its contents, block by block: to read it, and to write one that is not
// complete. Thread-safe.
#pragma once
#include <memory>
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
  // Durable when it returns, with all that was written before; not yet where more of the same block follows.
  // kConflict when the snapshot is complete.
  enum class Part { kLast, kMoreFollows };
  Status write(uint64_t offset, ByteView data, Part part = Part::kLast);

  // For VolumeStore.
  const Chain& chain() const { return *chain_; }
  void replace_chain(std::shared_ptr<const Chain> chain);  // waits for who reads
  void complete();                                         // no writes from now on
  void close();                                            // the snapshot is gone

 private:
  Status check(uint64_t offset, uint64_t length) const;

  const std::string id_;
  const uint64_t size_;
  std::shared_mutex mutex_;
  bool writable_;  // under mutex_, as what follows
  bool closed_ = false;
  std::shared_ptr<const Chain> chain_;
};

}  // namespace coffer::volume
