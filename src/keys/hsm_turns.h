// SPDX-License-Identifier: Apache-2.0
// So many calls, and no more, wait for one token at the same time. All tokens share the threads that wait for
// them (slow_lane.h): one that hangs would take them all, and nobody would reach the others.
#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace coffer::keys {

// Thread-safe. Outlives its turns.
class HsmTurns {
 public:
  using Clock = std::chrono::steady_clock;
  // So long a token may keep everybody waiting before those who find no turn are sent away.
  static constexpr std::chrono::milliseconds kWithoutAnswer{1000};

  explicit HsmTurns(size_t most) : most_(most) {}

  class Turn {
   public:
    explicit Turn(HsmTurns& turns) : turns_(&turns) {}
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->end();
    }
    // The token has answered, whatever it said.
    void answered() { turns_->note_answer(); }

   private:
    HsmTurns* turns_;
  };
  // Waits while the token answers those who have one; nothing once it does not, or at `deadline`.
  std::optional<Turn> take(Clock::time_point deadline);

 private:
  void end();
  void note_answer();

  const size_t most_;
  std::mutex mutex_;
  std::condition_variable ended_;
  size_t taken_ = 0;
  Clock::time_point last_answer_;  // or when the first of those who wait began
};

}  // namespace coffer::keys
