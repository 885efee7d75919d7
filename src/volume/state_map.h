// SPDX-License-Identifier: Apache-2.0
// The state map of one layer: a live copy in memory, changed as writes complete, and the durable image behind
// it, changed by flushes only (freeze, then persist). Never a shared file mapping: the kernel would write
// states out before the data they speak of.
//
// Thread safety: run() and state() may be called at any time. set() wants the sectors' chunk held exclusively
// (range_lock.h). freeze(), persist() and settle() are called by one flush at a time; grow() when nothing
// else is.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "format/state_map.h"
#include "store/store.h"

namespace coffer::volume {

using format::SectorState;

struct SectorRange {
  uint64_t first = 0;
  uint64_t count = 0;
};

// What one flush will make durable: the changed pages as they were when it began, and the sectors whose space
// may be given back once those pages are durable.
struct FrozenStates {
  std::vector<uint32_t> pages;  // ascending
  Bytes contents;               // of the pages, in their order
  std::vector<SectorRange> punches;
};

class StateMap {
 public:
  // Reads the durable image, skipping its holes. kCorrupt if a page is not valid. `image` must outlive the
  // map.
  static Result<std::unique_ptr<StateMap>> load(store::ByteRange& image, uint64_t sectors);
  ~StateMap();
  StateMap(const StateMap&) = delete;
  StateMap& operator=(const StateMap&) = delete;

  SectorState state(uint64_t sector) const;
  struct Run {
    SectorState state = SectorState::kAbsent;
    uint64_t count = 0;
  };
  // The run of equal states from `first` on, at most `limit` (> 0) long.
  Run run(uint64_t first, uint64_t limit) const;

  uint64_t sectors() const { return sectors_; }
  // The map goes on in a longer image of the same contents; the new sectors are absent.
  Status grow(store::ByteRange& image, uint64_t sectors);

  // Takes the space of the durable pages of these sectors. Must have succeeded before the first set() of
  // each.
  Status reserve(uint64_t first, uint64_t count);
  // `punch`: the space of these sectors' data may be given back once the zero is durable.
  void set(SectorRange range, SectorState state, bool punch = false);

  // Whether the durable image already says what the live map says of these sectors.
  bool durable(SectorRange range);
  size_t punches_waiting();

  FrozenStates freeze();
  Status persist(const FrozenStates& frozen);  // writes and flushes the pages
  // The state that `frozen` made durable; absent when its page is not among the frozen ones.
  static SectorState frozen_state(const FrozenStates& frozen, uint64_t sector);
  void settle(const FrozenStates& frozen);  // the flush is over

 private:
  StateMap(store::ByteRange& image, uint64_t sectors, uint64_t* words, uint64_t bytes);
  using Reservations = std::vector<std::atomic<bool>>;
  Status load_pages();
  void copy_page(uint64_t page, MutableByteView out) const;

  store::ByteRange* image_;
  uint64_t sectors_;
  uint64_t* words_;  // anonymous memory, present only where it was touched
  uint64_t bytes_;
  Reservations reserved_;  // by page: its space is taken; otherwise all its sectors are absent
  std::mutex reserve_mutex_;

  std::mutex mutex_;  // what follows
  std::vector<uint8_t> page_flags_;
  std::vector<uint32_t> dirty_;
  std::vector<SectorRange> punches_;
  size_t punches_in_flight_ = 0;
};

}  // namespace coffer::volume
