// SPDX-License-Identifier: Apache-2.0
// Locks over the sectors of a volume, shared to read them, exclusive to change them. The volume is cut in
// chunks of 1 MiB; a chunk always falls to the same one of a fixed number of stripes. Operations work chunk
// by chunk and hold one lock at a time, so there is no order in which two could wait for each other. A
// chunk's states lie in one 64-byte line of the state map: whoever holds the chunk exclusively is the only
// one to change that line.
#pragma once
#include <array>
#include <cstdint>
#include <mutex>
#include <shared_mutex>

namespace coffer::volume {

inline constexpr uint64_t kChunkSize = 1 << 20;

class RangeLock {
 public:
  // `offset` in bytes: the lock covers the whole chunk that it lies in.
  [[nodiscard]] std::shared_lock<std::shared_mutex> share(uint64_t offset) {
    return std::shared_lock(stripe(offset));
  }
  [[nodiscard]] std::unique_lock<std::shared_mutex> exclude(uint64_t offset) {
    return std::unique_lock(stripe(offset));
  }
  // Which of them a chunk falls to: who shares several takes each once, the lowest first.
  static constexpr size_t kStripes = 128;
  static size_t stripe_of(uint64_t offset) { return offset / kChunkSize % kStripes; }

 private:
  struct alignas(64) Stripe {
    std::shared_mutex mutex;
  };
  std::shared_mutex& stripe(uint64_t offset) { return stripes_[stripe_of(offset)].mutex; }

  std::array<Stripe, kStripes> stripes_;
};

}  // namespace coffer::volume
