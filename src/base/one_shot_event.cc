// SPDX-License-Identifier: Apache-2.0
#include "base/one_shot_event.h"

#include <utility>

#include "base/fiber.h"

namespace coffer {

void OneShotEvent::set() {
  Fiber* fiber = nullptr;
  {
    const std::lock_guard lock(mutex_);
    is_set_ = true;
    fiber = std::exchange(fiber_, nullptr);
    // Under the lock: once that is free, a thread that waits may take the event away. A fiber does so only
    // once it is resumed.
    if (fiber == nullptr) changed_.notify_one();
  }
  if (fiber != nullptr) fiber->resume();
}

void OneShotEvent::wait() {
  if (Fiber* fiber = Fiber::current()) {
    wait_on_fiber(*fiber, nullptr);
    return;
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_set_; });
}

bool OneShotEvent::wait_until(std::chrono::steady_clock::time_point deadline) {
  if (Fiber* fiber = Fiber::current()) return wait_on_fiber(*fiber, &deadline);
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [this] { return is_set_; });
}

bool OneShotEvent::wait_on_fiber(Fiber& fiber, const std::chrono::steady_clock::time_point* deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (is_set_) return true;
    if (deadline != nullptr && *deadline <= std::chrono::steady_clock::now()) return false;
    fiber_ = &fiber;
  }
  fiber.wait_for(*this, deadline);
  const std::lock_guard lock(mutex_);
  return is_set_;
}

bool OneShotEvent::give_up_waiting() {
  const std::lock_guard lock(mutex_);
  return std::exchange(fiber_, nullptr) != nullptr;
}

}  // namespace coffer
