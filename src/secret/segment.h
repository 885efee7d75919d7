// SPDX-License-Identifier: Apache-2.0
// Where the arena's memory comes from: one call maps a segment in the best kind of memory that this
// machine gives us, with an inaccessible page on each side.
#pragma once
#include <cstddef>
#include <cstdint>

#include "secret/arena.h"

namespace coffer::secret {

inline constexpr size_t kPageSize = 4096;

struct Segment {
  uint8_t* base = nullptr;  // nullptr: the system has no memory left
  size_t size = 0;          // bytes, a multiple of kPageSize, zero-filled
  ArenaKind kind = ArenaKind::kOrdinaryMemory;
};

// Tries `preferred` bytes, and `minimum` bytes where the limit on locked memory refuses that. Both are
// rounded up to pages; with a minimum of 0, no segment at all where `preferred` cannot be locked. A segment
// is never unmapped. It is not inherited by fork(2) (memfd_secret) or reads as zeros in the child (anonymous
// memory).
Segment map_segment(size_t preferred, size_t minimum);

// The same from anonymous memory only: what map_segment falls back to.
Segment map_locked_segment(size_t preferred, size_t minimum);

}  // namespace coffer::secret
