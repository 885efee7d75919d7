// SPDX-License-Identifier: Apache-2.0
// An open volume: a chain of layers as one block device. Reads ask the chain; only the top layer is written.
//
// Crash rule (docs/format/state-map.md): a flush freezes the states of the writes that completed before its
// data fsync began, and writes them to the durable map only after that fsync; it covers every layer of the
// chain that is not durable yet, lowest first. What a flush acknowledged is never lost; what was not flushed
// is old or new per 512-byte unit.
//
// A flush that the operating system refused is final: from then on writes and flushes fail with kIo (nobody
// can know which of the unflushed bytes are on the disk), reads go on, and failure() says why. A volume that
// another host took over fails the same way with kConflict.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "volume/block_device.h"
#include "volume/chain.h"
#include "volume/range_lock.h"

namespace coffer::volume {

class Volume final : public BlockDevice {
 public:
  // The chain is unlocked and its top layer taken over.
  Volume(std::string volume_id, std::shared_ptr<const Chain> chain);
  // Does not flush: whoever detaches flushes first and sees the error. The keys are wiped with the last user
  // of a layer.
  ~Volume() override;

  const std::string& id() const { return id_; }
  bool encrypted() const { return chain()->top().encrypted(); }
  uint64_t size() const override { return size_.load(std::memory_order_acquire); }
  std::string failure() const;  // why it takes no more writes; empty while all is well

  Status read(uint64_t offset, MutableByteView out) override;
  bool gains_from_batches() const override { return direct_; }
  void read_batch(std::span<Read> reads) override;  // volume_read_batch.cc
  Status write(uint64_t offset, ByteView data, bool durable) override;
  Status flush() override;
  // Sub-sector edges are kept. Space comes back at the next flush.
  Status discard(uint64_t offset, uint64_t length, bool durable) override;
  Status write_zeroes(uint64_t offset, uint64_t length, bool keep_allocated, bool durable) override;
  Result<Extent> extent(uint64_t offset, uint64_t length) override;

  // What follows is for VolumeStore, which makes one change at a time.

  // No operation is under way, and none begins, while the result lives.
  using Pause = std::vector<RangeLock::Exclusive>;
  [[nodiscard]] Pause pause() { return locks_->hold_all(); }
  std::shared_ptr<const Chain> chain() const;
  Status check_layers() const;  // did no flush of them fail?
  // In a pause. A top layer that is not the one before is new and empty: what was the top is flushed with it
  // until it is durable, and changes no more.
  void replace_chain(std::shared_ptr<const Chain> chain);
  // A layer that nobody needs any more is not to be flushed: to keep it would keep its space and its key.
  void forget(const std::string& layer_id);
  const std::shared_ptr<RangeLock>& locks() const { return locks_; }

 private:
  // The parts of an operation that lie in one chunk; the caller holds it.
  Status read_chunk(uint64_t offset, MutableByteView out);
  Status write_chunk(uint64_t offset, ByteView data);
  Status patch_sector(uint64_t offset, ByteView data);
  Status discard_chunk(SectorRange range);
  Status zero_chunk(uint64_t offset, uint64_t length, bool keep_allocated);

  Status flush(Durability durability);
  Status flush_layers(Durability durability);
  Status make_durable(uint64_t offset, uint64_t length);
  Status check_range(uint64_t offset, uint64_t length) const;
  Status check_writable() const;
  Layer& top() const { return chain_->top(); }

  const std::string id_;
  const bool direct_;
  const std::shared_ptr<RangeLock> locks_;
  std::atomic<uint64_t> size_;
  std::atomic<bool> flush_failed_ = false;  // perhaps for good: the layers know
  // Replaced with every chunk held exclusively and the mutex: read with either.
  std::shared_ptr<const Chain> chain_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Layer>> sealed_;  // lowest first, under mutex_: were the top, not durable yet
};

}  // namespace coffer::volume
