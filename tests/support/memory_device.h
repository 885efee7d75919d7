// SPDX-License-Identifier: Apache-2.0
// A block device in memory, for tests of what lies above it: sparse by sectors as a volume is, and able to
// fail on purpose.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <vector>

#include "volume/block_device.h"

namespace coffer::testing {

class MemoryDevice : public volume::BlockDevice {
 public:
  static constexpr uint64_t kSector = 4096;

  explicit MemoryDevice(uint64_t size)
      : bytes_(size), states_((size + kSector - 1) / kSector, State::kHole), depths_(states_.size(), 1) {}

  uint64_t size() const override { return bytes_.size(); }

  Status read(uint64_t offset, MutableByteView out) override {
    std::lock_guard lock(mutex_);
    COFFER_CHECK(fault(offset, out.size()));
    ++reads;
    std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return {};
  }

  Status write(uint64_t offset, ByteView data, bool durable) override {
    std::lock_guard lock(mutex_);
    COFFER_CHECK(fault(offset, data.size()));
    ++writes;
    durable_writes += durable;
    std::memcpy(bytes_.data() + offset, data.data(), data.size());
    mark(offset, data.size(), State::kData);
    return {};
  }

  Status flush() override {
    std::lock_guard lock(mutex_);
    if (fail_flush) return fail(ErrorKind::kIo, "injected: flush");
    ++flushes;
    return {};
  }

  Status discard(uint64_t offset, uint64_t length, bool) override {
    std::lock_guard lock(mutex_);
    COFFER_CHECK(fault(offset, length));
    ++discards;
    const uint64_t begin = (offset + kSector - 1) / kSector, end = (offset + length) / kSector;
    for (uint64_t i = begin; i < end; ++i) {
      std::fill_n(bytes_.begin() + i * kSector, kSector, 0);
      states_[i] = State::kHole;
    }
    return {};
  }

  Status write_zeroes(uint64_t offset, uint64_t length, bool keep_allocated, bool) override {
    std::lock_guard lock(mutex_);
    COFFER_CHECK(fault(offset, length));
    ++zeroings;
    std::fill_n(bytes_.begin() + offset, length, 0);
    const uint64_t begin = (offset + kSector - 1) / kSector, end = (offset + length) / kSector;
    for (uint64_t i = begin; i < end; ++i) states_[i] = keep_allocated ? State::kZero : State::kHole;
    return {};
  }

  Result<Extent> extent(uint64_t offset, uint64_t length) override {
    std::lock_guard lock(mutex_);
    COFFER_CHECK(fault(offset, length));
    const State state = states_[offset / kSector];
    uint64_t end = offset;
    const uint32_t depth = depths_[offset / kSector];
    while (end < offset + length && states_[end / kSector] == state && depths_[end / kSector] == depth)
      end = (end / kSector + 1) * kSector;
    return Extent{.length = std::min(end, offset + length) - offset,
                  .hole = state == State::kHole,
                  .zero = state != State::kData,
                  .depth = state == State::kData ? depth : 0};
  }

  // Pretends that the data in these whole sectors lies in a layer further down.
  void set_depth(uint64_t offset, uint64_t length, uint32_t depth) {
    std::lock_guard lock(mutex_);
    std::fill_n(depths_.begin() + offset / kSector, length / kSector, depth);
  }

  // Calls that touch the byte at `offset` fail with `kind` until clear_fault().
  void fail_at(uint64_t offset, ErrorKind kind) {
    std::lock_guard lock(mutex_);
    fault_offset_ = offset;
    fault_kind_ = kind;
    faulty_ = true;
  }
  void clear_fault() {
    std::lock_guard lock(mutex_);
    faulty_ = false;
  }

  std::atomic<bool> fail_flush = false;
  std::atomic<int> reads = 0, writes = 0, durable_writes = 0, flushes = 0, discards = 0, zeroings = 0;

 private:
  enum class State : uint8_t { kHole, kZero, kData };

  Status fault(uint64_t offset, uint64_t length) const {
    if (faulty_ && offset <= fault_offset_ && fault_offset_ < offset + length)
      return fail(fault_kind_, "injected");
    return {};
  }
  void mark(uint64_t offset, uint64_t length, State state) {
    for (uint64_t i = offset / kSector; length > 0 && i <= (offset + length - 1) / kSector; ++i)
      states_[i] = state;
  }

  std::mutex mutex_;
  std::vector<uint8_t> bytes_;
  std::vector<State> states_;
  std::vector<uint32_t> depths_;  // 1 where nothing else was said
  uint64_t fault_offset_ = 0;
  ErrorKind fault_kind_ = ErrorKind::kIo;
  bool faulty_ = false;
};

}  // namespace coffer::testing
