// SPDX-License-Identifier: Apache-2.0
// Waiting awake for a moment before going to sleep. On an idle machine, falling asleep and being woken cost a
// client that keeps one request in flight more than all the rest of its request. Polling gives up at once
// where others want the core, and is left out for a while where it did not pay, so that it costs an idle or a
// crowded machine nothing. For one thread.
#pragma once
#include <chrono>

#include "export/attempt_backoff.h"

namespace coffer::exporting {

class BriefPolling {
 public:
  // Calls attempt(), which does not block, until it is true; false: it is time to sleep.
  template <class Attempt>
  bool poll(Attempt attempt) {
    if (backoff_.leaves_out()) return false;
    const auto start = std::chrono::steady_clock::now();
    for (auto now = start; now - start < kLongest;) {
      if (attempt()) {
        backoff_.paid();
        return true;
      }
      if (gave_way(now)) break;
    }
    backoff_.did_not_pay();
    return false;
  }

 private:
  static constexpr std::chrono::microseconds kLongest{50};
  // A yield that takes longer has let somebody else run.
  static constexpr std::chrono::microseconds kEmptyYield{5};

  // Offers the core to others and tells the time; true: somebody took it.
  static bool gave_way(std::chrono::steady_clock::time_point& now);

  AttemptBackoff backoff_;
};

}  // namespace coffer::exporting
