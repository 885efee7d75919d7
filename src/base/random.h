// SPDX-License-Identifier: Apache-2.0
// The Random seam: where unpredictable bytes come from. Tests give a seeded one for ids and workloads;
// keys are made by crypto/random.h only, which does not take a seam.
#pragma once
#include "base/bytes.h"

namespace coffer {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutableByteView out) = 0;  // thread-safe; cannot fail (aborts if the kernel does)
};

// getrandom(2). What a process draws after fork() and before exec() may repeat.
Random& system_random();

}  // namespace coffer
