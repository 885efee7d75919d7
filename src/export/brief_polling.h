// SPDX-License-Identifier: Apache-2.0
// Waiting awake for a moment before going to sleep. On an idle machine, falling asleep and being woken cost a
// client that keeps one request in flight more than all the rest of its request. Polling gives up at once
// where others want the core, and is left out for a while where it did not pay, so that it costs an idle or a
// crowded machine nothing. For one thread.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

namespace coffer::exporting {

class BriefPolling {
 public:
  // Calls attempt(), which does not block, until it is true; false: it is time to sleep.
  template <class Attempt>
  bool poll(Attempt attempt) {
    if (waits_to_skip_ > 0) {
      --waits_to_skip_;
      return false;
    }
    const auto start = std::chrono::steady_clock::now();
    for (auto now = start; now - start < kLongest;) {
      if (attempt()) {
        skip_next_ = 1;
        return true;
      }
      if (gave_way(now)) break;
    }
    waits_to_skip_ = skip_next_;
    skip_next_ = std::min(2 * skip_next_, kMostSkipped);
    return false;
  }

 private:
  static constexpr std::chrono::microseconds kLongest{50};
  // A yield that takes longer has let somebody else run.
  static constexpr std::chrono::microseconds kEmptyYield{5};
  static constexpr uint32_t kMostSkipped = 256;

  // Offers the core to others and tells the time; true: somebody took it.
  static bool gave_way(std::chrono::steady_clock::time_point& now);

  uint32_t waits_to_skip_ = 0;
  uint32_t skip_next_ = 1;
};

}  // namespace coffer::exporting
