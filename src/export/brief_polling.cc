// SPDX-License-Identifier: Apache-2.0
#include "export/brief_polling.h"

#include <sched.h>

namespace coffer::exporting {

bool BriefPolling::gave_way(std::chrono::steady_clock::time_point& now) {
  const auto before = std::chrono::steady_clock::now();
  ::sched_yield();
  now = std::chrono::steady_clock::now();
  return now - before > kEmptyYield;
}

}  // namespace coffer::exporting
