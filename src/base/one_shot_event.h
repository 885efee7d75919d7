// SPDX-License-Identifier: Apache-2.0
// Something that one thread or fiber waits for and another makes happen, once. Each waiter has an event of
// its own, so that it is woken alone: a condition that many share wakes them all for each of them.
#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace coffer {

class Fiber;

class OneShotEvent {
 public:
  // What was written before set() is seen after a wait. The waiter may destroy the event as soon as it wakes.
  void set();
  void wait();
  // False when `deadline` came first; a fiber may notice that some hundredths of a second late.
  bool wait_until(std::chrono::steady_clock::time_point deadline);

 private:
  friend class FiberHost;
  // True if a fiber waits and has to be resumed by the caller: then set() will not do it.
  bool give_up_waiting();
  bool wait_on_fiber(Fiber& fiber, const std::chrono::steady_clock::time_point* deadline);

  std::mutex mutex_;
  std::condition_variable changed_;
  Fiber* fiber_ = nullptr;  // that waits
  bool is_set_ = false;
};

}  // namespace coffer
