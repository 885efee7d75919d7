// SPDX-License-Identifier: Apache-2.0
#include "secret/block_allocator.h"

#include <string.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <vector>

namespace coffer::secret {
namespace {

constexpr size_t kSmallestSpan = 16 * 1024;
constexpr size_t kSmallestGrowth = 1024 * 1024;

size_t pages_of(size_t size) {
  return (size + kPageSize - 1) / kPageSize;
}

}  // namespace

// A run of pages: one large block (slot_count 0), or slots of one size class.
struct BlockAllocator::Span {
  uint8_t* base = nullptr;
  MappedSegment* segment = nullptr;
  size_t pages = 0;
  size_t size_class = 0, slot_size = 0, slot_count = 0, free_count = 0;
  std::array<uint64_t, kSmallestSpan / kBlockAlignment / 64> free_slots{};  // one bit a slot
  Span *previous = nullptr, *next = nullptr;

  size_t bytes() const { return pages * kPageSize; }
  size_t block_size() const { return slot_count == 0 ? bytes() : slot_size; }
};

struct BlockAllocator::MappedSegment {
  Segment memory;
  bool lost_by_fork = false;
  std::vector<Span*> page_owners;  // one entry a page; nullptr: free

  bool holds(const void* block) const {
    const auto* address = static_cast<const uint8_t*>(block);
    return address >= memory.base && address < memory.base + memory.size;
  }
};

// 64, 128 ... 512 in steps of 64, then four steps to each next power of two.
size_t BlockAllocator::size_class_of(size_t size) {
  if (size <= 512) return size == 0 ? 0 : (size - 1) / 64;
  const size_t power = std::bit_width(size - 1) - 1;  // 2^power < size <= 2^(power + 1)
  const size_t step = size_t{1} << (power - 2);
  return 7 + (power - 9) * 4 + (size - (size_t{1} << power) + step - 1) / step;
}

size_t BlockAllocator::slot_size_of(size_t size_class) {
  if (size_class < 8) return (size_class + 1) * 64;
  const size_t power = 9 + (size_class - 8) / 4;
  return (size_t{1} << power) + ((size_class - 8) % 4 + 1) * (size_t{1} << (power - 2));
}

void BlockAllocator::link(Span* span) {
  Span*& head = spans_with_room_[span->size_class];
  span->previous = nullptr;
  span->next = head;
  if (head != nullptr) head->previous = span;
  head = span;
}

void BlockAllocator::unlink(Span* span) {
  if (span->previous != nullptr) span->previous->next = span->next;
  if (span->previous == nullptr) spans_with_room_[span->size_class] = span->next;
  if (span->next != nullptr) span->next->previous = span->previous;
  span->previous = span->next = nullptr;
}

void BlockAllocator::add_segment(size_t preferred, size_t minimum) {
  const size_t count = segment_count_.load(std::memory_order_relaxed);
  const Segment memory = map_(preferred, minimum);
  if (memory.base == nullptr && minimum == 0) return;
  if (memory.base == nullptr || count == kLargestSegmentCount) std::abort();
  segments_[count] = new MappedSegment{memory, false, std::vector<Span*>(memory.size / kPageSize)};
  capacity_ += memory.size;
  segment_count_.store(count + 1, std::memory_order_release);
}

void BlockAllocator::grow(size_t pages) {
  const size_t needed = pages * kPageSize;
  add_segment(std::max({needed, kSmallestGrowth, capacity_ / 2}), needed);
}

void BlockAllocator::reserve(size_t capacity) {
  const std::lock_guard lock(mutex_);
  if (capacity > capacity_) add_segment(capacity - capacity_, capacity_ == 0 ? kSmallestGrowth : 0);
}

// First fit.
BlockAllocator::Span* BlockAllocator::take_pages(size_t pages) {
  for (size_t i = 0; i < segment_count_.load(std::memory_order_relaxed); ++i) {
    MappedSegment* segment = segments_[i];
    if (segment->lost_by_fork) continue;
    auto& owners = segment->page_owners;
    for (size_t start = 0, page = 0; page < owners.size();) {
      if (owners[page] != nullptr) {
        start = page += owners[page]->pages;
        continue;
      }
      if (++page - start < pages) continue;
      Span* span = spare_spans_ != nullptr ? std::exchange(spare_spans_, spare_spans_->next) : new Span;
      *span = Span{};
      span->base = segment->memory.base + start * kPageSize;
      span->segment = segment;
      span->pages = pages;
      std::fill_n(owners.begin() + static_cast<ptrdiff_t>(start), pages, span);
      return span;
    }
  }
  return nullptr;
}

void BlockAllocator::give_back_pages(Span* span) {
  const auto first = (span->base - span->segment->memory.base) / static_cast<ptrdiff_t>(kPageSize);
  std::fill_n(span->segment->page_owners.begin() + first, span->pages, nullptr);
  span->next = spare_spans_;
  spare_spans_ = span;
}

void* BlockAllocator::allocate(size_t size) {
  if (size > SIZE_MAX / 4) std::abort();
  const std::lock_guard lock(mutex_);
  return size <= kLargestSmallBlock ? allocate_small(size_class_of(size)) : allocate_large(size);
}

void* BlockAllocator::allocate_large(size_t size) {
  const size_t pages = pages_of(size);
  Span* span = take_pages(pages);
  if (span == nullptr) {
    grow(pages);
    span = take_pages(pages);
  }
  used_ += span->bytes();
  return span->base;
}

void* BlockAllocator::allocate_small(size_t size_class) {
  Span* span = spans_with_room_[size_class];
  if (span == nullptr) {
    const size_t slot_size = slot_size_of(size_class);
    const size_t pages = pages_of(std::max(kSmallestSpan, 4 * slot_size));
    span = take_pages(pages);
    if (span == nullptr) {
      grow(pages);
      span = take_pages(pages);
    }
    span->size_class = size_class;
    span->slot_size = slot_size;
    span->slot_count = span->free_count = span->bytes() / slot_size;
    for (size_t slot = 0; slot < span->slot_count; ++slot)
      span->free_slots[slot / 64] |= uint64_t{1} << slot % 64;
    link(span);
  }
  size_t word = 0;
  while (span->free_slots[word] == 0) ++word;
  const size_t slot = word * 64 + static_cast<size_t>(std::countr_zero(span->free_slots[word]));
  span->free_slots[word] &= span->free_slots[word] - 1;
  if (--span->free_count == 0) unlink(span);
  used_ += span->slot_size;
  return span->base + slot * span->slot_size;
}

// Takes no lock: the records of a live block do not change, and its owner has it from allocate().
BlockAllocator::Span* BlockAllocator::find_span(const void* block) const {
  for (size_t i = 0; i < segment_count_.load(std::memory_order_acquire); ++i) {
    const MappedSegment* segment = segments_[i];
    if (!segment->holds(block)) continue;
    const auto offset = static_cast<size_t>(static_cast<const uint8_t*>(block) - segment->memory.base);
    Span* span = segment->page_owners[offset / kPageSize];
    if (span == nullptr) std::abort();
    const auto place = static_cast<size_t>(static_cast<const uint8_t*>(block) - span->base);
    const size_t slots = std::max<size_t>(span->slot_count, 1);
    if (place % span->block_size() != 0 || place / span->block_size() >= slots) std::abort();
    return span;
  }
  std::abort();  // not a block of ours: the caller's memory is corrupt
}

size_t BlockAllocator::block_size(const void* block) const {
  return find_span(block)->block_size();
}

void BlockAllocator::release(void* block) {
  Span* span = find_span(block);
  if (span->segment->lost_by_fork) return;
  explicit_bzero(block, span->block_size());  // before anybody else can be given it
  const std::lock_guard lock(mutex_);
  used_ -= span->block_size();
  if (span->slot_count == 0) return give_back_pages(span);
  const size_t slot = static_cast<size_t>(static_cast<uint8_t*>(block) - span->base) / span->slot_size;
  uint64_t& word = span->free_slots[slot / 64];
  const uint64_t bit = uint64_t{1} << slot % 64;
  if ((word & bit) != 0) std::abort();  // released twice
  word |= bit;
  if (++span->free_count == 1) link(span);
  // One empty span a class stays, so that a block taken and released in turn costs no page search.
  if (span->free_count == span->slot_count && (span->previous != nullptr || span->next != nullptr)) {
    unlink(span);
    give_back_pages(span);
  }
}

ArenaUsage BlockAllocator::usage() const {
  const std::lock_guard lock(mutex_);
  return {capacity_, used_};
}

ArenaKind BlockAllocator::weakest_kind() const {
  const std::lock_guard lock(mutex_);
  ArenaKind weakest = ArenaKind::kMemfdSecret;
  for (size_t i = 0; i < segment_count_.load(std::memory_order_relaxed); ++i)
    if (!segments_[i]->lost_by_fork) weakest = std::max(weakest, segments_[i]->memory.kind);
  return weakest;
}

void BlockAllocator::after_fork_in_child() {
  for (size_t i = 0; i < segment_count_.load(std::memory_order_relaxed); ++i)
    segments_[i]->lost_by_fork = true;
  spans_with_room_.fill(nullptr);
  capacity_ = used_ = 0;
  mutex_.unlock();
}

}  // namespace coffer::secret
