// SPDX-License-Identifier: Apache-2.0
#include "export/request_coalescing.h"

#include <chrono>
#include <thread>
#include <utility>

namespace coffer::exporting {
namespace {

// The time in which a fast client reads half a dozen answers.
constexpr std::chrono::microseconds kPause{20};
// So many came together without a pause.
constexpr uint32_t kMany = 16;
// Larger requests cost more than their system calls, and a pause would only keep the device idle.
constexpr uint64_t kSmall = 16 * 1024;

}  // namespace

bool RequestCoalescing::worth_a_pause() const {
  return requests_ > 0 && requests_ < kMany && bytes_ <= requests_ * kSmall;
}

void RequestCoalescing::pause() {
  if (backoff_.leaves_out()) return;
  if (!connection_.peer_has_unread()) return;
  std::this_thread::sleep_for(kPause);
  if (connection_.peer_has_unread())
    backoff_.paid();
  else
    backoff_.did_not_pay();
}

uint32_t RequestCoalescing::end_round() {
  if (worth_a_pause()) pause();
  bytes_ = 0;
  return std::exchange(requests_, 0);
}

}  // namespace coffer::exporting
