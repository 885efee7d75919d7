// SPDX-License-Identifier: Apache-2.0
// The allocator on the arena's segments. Small blocks come from spans of equal slots (size classes in
// quarter steps between powers of two), large ones are runs of pages. All of its own records lie outside
// the segments, so that blocks hold nothing but their owner's bytes. Blocks are aligned to 64 bytes,
// zero-filled when given out, and wiped when released. Releasing what is not a live block aborts.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "secret/segment.h"

namespace coffer::secret {

inline constexpr size_t kBlockAlignment = 64;
inline constexpr size_t kLargestSmallBlock = 32 * 1024;

// Thread-safe. Never destroyed while blocks live.
class BlockAllocator {
 public:
  using MapSegment = Segment (*)(size_t preferred, size_t minimum);
  explicit BlockAllocator(MapSegment map) : map_(map) {}
  BlockAllocator(const BlockAllocator&) = delete;
  BlockAllocator& operator=(const BlockAllocator&) = delete;

  // Room for `capacity` bytes in all, ahead of need: what is there already is not joined by memory that
  // cannot be locked. Allocations grow beyond it as they must.
  void reserve(size_t capacity);

  void* allocate(size_t size);  // aborts when memory is exhausted; 0 gives a block too
  void release(void* block);
  size_t block_size(const void* block) const;  // usable bytes, at least what was asked for

  ArenaUsage usage() const;
  ArenaKind weakest_kind() const;

  // Around fork(2). The child has none of the parent's blocks: it starts with an empty arena, and
  // releasing an inherited block does nothing there.
  void before_fork() { mutex_.lock(); }
  void after_fork_in_parent() { mutex_.unlock(); }
  void after_fork_in_child();

 private:
  static constexpr size_t kSizeClasses = 32;
  static constexpr size_t kLargestSegmentCount = 256;

  struct Span;
  struct MappedSegment;

  static size_t size_class_of(size_t size);
  static size_t slot_size_of(size_t size_class);

  void* allocate_small(size_t size_class);
  void* allocate_large(size_t size);
  Span* take_pages(size_t pages);
  void give_back_pages(Span* span);
  void add_segment(size_t preferred, size_t minimum);  // minimum 0: it need not be
  void grow(size_t pages);
  Span* find_span(const void* block) const;
  void link(Span* span);
  void unlink(Span* span);

  const MapSegment map_;
  mutable std::mutex mutex_;
  std::array<MappedSegment*, kLargestSegmentCount> segments_{};
  std::atomic<size_t> segment_count_{0};
  std::array<Span*, kSizeClasses> spans_with_room_{};
  Span* spare_spans_ = nullptr;
  size_t capacity_ = 0, used_ = 0;
};

}  // namespace coffer::secret
