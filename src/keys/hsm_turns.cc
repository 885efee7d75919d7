// SPDX-License-Identifier: Apache-2.0
#include "keys/hsm_turns.h"

#include <algorithm>

namespace coffer::keys {

std::optional<HsmTurns::Turn> HsmTurns::take(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  while (taken_ >= most_) {
    const auto give_up = std::min(deadline, last_answer_ + kWithoutAnswer);
    if (Clock::now() >= give_up) return std::nullopt;
    ended_.wait_until(lock, give_up);
  }
  if (taken_++ == 0) last_answer_ = Clock::now();
  return Turn(*this);
}

void HsmTurns::end() {
  const std::lock_guard lock(mutex_);
  --taken_;
  ended_.notify_one();
}

void HsmTurns::note_answer() {
  const std::lock_guard lock(mutex_);
  last_answer_ = Clock::now();
}

}  // namespace coffer::keys
