// SPDX-License-Identifier: Apache-2.0
// Background work on the store's layers, in steps: a copy of a snapshot, or a lift, which fills a layer from
// those below it (a clone's hydration, a re-key, the merge of a layer that nobody needs any more).
// A job keeps nothing of its own on the disk: what it did is in the state map of the layer that it fills, so
// that after a crash, or a cancellation (destroying it), it goes on where that map says.
#pragma once
#include <cstdint>

#include "base/result.h"
#include "format/layer_header.h"

namespace coffer::volume {

enum class JobKind { kCopy, kHydrate, kMerge };

// How many sectors a step looks at: holes are fast, not free.
inline constexpr uint64_t kMostSectorsLookedAt = (uint64_t{64} << 30) / format::kSectorSize;
// What a job reads and writes at once: fits the second-level cache along with its ciphertext.
inline constexpr size_t kJobPiece = 128 << 10;

// How much a job does at once. Tests make it smaller.
struct JobLimits {
  uint64_t step_bytes = 16 << 20;     // copied in a step
  uint64_t unsaved_bytes = 64 << 20;  // copied until it is made durable
};

// Used by one thread at a time. The store it comes from outlives it.
class Job {
 public:
  struct Progress {
    bool done = false;
    uint64_t done_bytes = 0, total_bytes = 0;  // of the layer that is filled; holes count
  };
  virtual ~Job() = default;
  // Some tens of milliseconds of work, at most step_bytes of copying (to the chunk). An error (kNoSpace, kIo
  // …) leaves everything as it was: step() may be called again later.
  virtual Result<Progress> step() = 0;
};

}  // namespace coffer::volume
