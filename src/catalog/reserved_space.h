// SPDX-License-Identifier: Apache-2.0
// A file of allocated, unused space beside the catalog. When the disk is full it is given up, so that
// protective changes (disable a key, detach, delete) and their records still find room; it is taken back once
// there is room again. Thread-safe. What else writes to the disk at that moment may be faster: it is a
// reserve, no guarantee.
#pragma once
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "base/disk.h"

namespace coffer::catalog {

class ReservedSpace {
 public:
  static constexpr uint64_t kSize = 4 << 20;
  static constexpr std::chrono::seconds kBetweenTries{1};

  ReservedSpace(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}

  // Takes the space if it is not taken already, or was tried to be, or given up, a moment ago. A disk without
  // room is no error.
  void take();
  // Gives it up; false if there was none left.
  bool release();

 private:
  Disk& disk_;
  const std::string path_;
  std::mutex mutex_;
  std::atomic<bool> taken_ = false;
  std::chrono::steady_clock::time_point not_before_;
};

}  // namespace coffer::catalog
