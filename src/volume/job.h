// SPDX-License-Identifier: Apache-2.0
// Background work on the store's layers, in steps: a copy of a snapshot, or a lift, which fills a layer from
// those below it (a clone's hydration, a re-key, the merge of a layer that nobody needs any more).
// A job keeps nothing of its own on the disk: what it did is in the state map of the layer that it fills, so
// that after a crash, or a cancellation (destroying it), it goes on where that map says.
#pragma once
#include <cstdint>

#include "base/result.h"

namespace coffer::volume {

enum class JobKind { kCopy, kHydrate, kMerge };

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
