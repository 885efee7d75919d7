// SPDX-License-Identifier: Apache-2.0
// Locks over the sectors of a writable layer, shared to read them, exclusive to change them. The layer is cut
// in chunks of 1 MiB; a chunk always falls to the same one of a fixed number of stripes. Operations work
// chunk by chunk and hold one lock at a time, so there is no order in which two could wait for each other;
// only hold_all() takes several, always in the same order. A chunk's states lie in one 64-byte line of the
// state map: whoever holds the chunk exclusively is the only one to change that line.
//
// Who waits to change goes before those who come to read later: else many readers would hold up a snapshot
// for ever.
#pragma once
#include <pthread.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace coffer::volume {

inline constexpr uint64_t kChunkSize = 1 << 20;

// A SharedMutex of the standard library's kind that prefers writers. A thread must not take it twice.
class WriterFirstMutex {
 public:
  WriterFirstMutex() {
    pthread_rwlockattr_t attributes;
    ::pthread_rwlockattr_init(&attributes);
    ::pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    ::pthread_rwlock_init(&lock_, &attributes);
    ::pthread_rwlockattr_destroy(&attributes);
  }
  ~WriterFirstMutex() { ::pthread_rwlock_destroy(&lock_); }
  WriterFirstMutex(const WriterFirstMutex&) = delete;
  WriterFirstMutex& operator=(const WriterFirstMutex&) = delete;

  void lock() { ::pthread_rwlock_wrlock(&lock_); }
  void unlock() { ::pthread_rwlock_unlock(&lock_); }
  void lock_shared() { ::pthread_rwlock_rdlock(&lock_); }
  void unlock_shared() { ::pthread_rwlock_unlock(&lock_); }

 private:
  pthread_rwlock_t lock_;
};

class RangeLock {
 public:
  using Shared = std::shared_lock<WriterFirstMutex>;
  using Exclusive = std::unique_lock<WriterFirstMutex>;

  // `offset` in bytes: the lock covers the whole chunk that it lies in.
  [[nodiscard]] Shared share(uint64_t offset) { return Shared(stripe(offset)); }
  [[nodiscard]] Exclusive exclude(uint64_t offset) { return Exclusive(stripe(offset)); }
  // Nothing is under way, and nothing begins, while the result lives.
  [[nodiscard]] std::vector<Exclusive> hold_all() {
    std::vector<Exclusive> held;
    held.reserve(stripes_.size());
    for (Stripe& one : stripes_) held.emplace_back(one.mutex);
    return held;
  }
  // Which of them a chunk falls to: who shares several takes each once, the lowest first.
#if defined(__SANITIZE_THREAD__)
  static constexpr size_t kStripes = 16;  // the sanitizer follows at most 64 locks of a thread
#else
  static constexpr size_t kStripes = 128;
#endif
  static size_t stripe_of(uint64_t offset) {
    return offset / kChunkSize % kStripes;
  }

 private:
  struct alignas(64) Stripe {
    WriterFirstMutex mutex;
  };
  WriterFirstMutex& stripe(uint64_t offset) {
    return stripes_[stripe_of(offset)].mutex;
  }

  std::array<Stripe, kStripes> stripes_;
};

}  // namespace coffer::volume
