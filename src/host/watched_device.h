// SPDX-License-Identifier: Apache-2.0
// A block device that remembers whether somebody used it: background work makes room for guests' I/O. And
// whether something was written that no flush has followed yet.
#pragma once
#include <atomic>
#include <memory>

#include "volume/block_device.h"

namespace coffer::host {

class WatchedDevice final : public volume::BlockDevice {
 public:
  explicit WatchedDevice(std::shared_ptr<BlockDevice> device) : device_(std::move(device)) {}

  // Since it was asked last. Thread-safe.
  bool used() { return used_.load(std::memory_order_relaxed) && used_.exchange(false); }

  // Is there something to flush, and was nothing written since this was asked last? Then it counts as
  // flushed: the caller does it. Of writes that are under way at this moment it may learn at the next asking
  // only. One thread asks.
  bool left_unflushed() { return !written_.exchange(false) && unflushed_.exchange(false); }

  uint64_t size() const override { return device_->size(); }
  Status read(uint64_t offset, MutableByteView out) override {
    note();
    return device_->read(offset, out);
  }
  Status write(uint64_t offset, ByteView data, bool durable) override {
    note();
    return wrote(device_->write(offset, data, durable));
  }
  Status flush() override {
    note();
    unflushed_ = false;  // before: what is written meanwhile is not in it
    return device_->flush();
  }
  Status discard(uint64_t offset, uint64_t length, bool durable) override {
    note();
    return wrote(device_->discard(offset, length, durable));
  }
  Status write_zeroes(uint64_t offset, uint64_t length, bool keep_allocated, bool durable) override {
    note();
    return wrote(device_->write_zeroes(offset, length, keep_allocated, durable));
  }
  bool gains_from_batches() const override { return device_->gains_from_batches(); }
  void read_batch(std::span<Read> reads) override {
    note();
    device_->read_batch(reads);
  }
  Result<Extent> extent(uint64_t offset, uint64_t length) override { return device_->extent(offset, length); }

 private:
  // Written seldom, so that the threads of a busy device share the line.
  void note() { set(used_); }
  Status wrote(Status status) {
    set(written_);
    set(unflushed_);
    return status;
  }
  static void set(std::atomic<bool>& flag) {
    if (!flag.load(std::memory_order_relaxed)) flag.store(true, std::memory_order_relaxed);
  }

  const std::shared_ptr<BlockDevice> device_;
  std::atomic<bool> used_ = false, written_ = false, unflushed_ = false;
};

}  // namespace coffer::host
