// SPDX-License-Identifier: Apache-2.0
// A call on a stack of its own, which gives its thread to others while it waits. So one thread of an I/O loop
// has many calls under way, each written as if it blocked: what they wait for (base/one_shot_event.h)
// suspends them. Who runs on a fiber must not hold a mutex while it waits, and hands what blocks in another
// way to run_blocking().
#pragma once
#include <chrono>
#include <functional>
#include <memory>

#include "base/result.h"

namespace coffer {

class Fiber;
class OneShotEvent;

// The loop of one thread that fibers run on.
class FiberHost {
 public:
  using Work = std::function<void()>;
  virtual ~FiberHost() = default;
  // Runs `work` on the loop's thread, after what is ready there now. From any thread.
  virtual void post(Work work) = 0;
  // Runs `work` on some other thread, which it may block.
  virtual void offload(Work work) = 0;

  // To be called on the loop's thread now and then: wakes fibers whose waiting has a deadline that is past.
  void wake_overdue(std::chrono::steady_clock::time_point now);

 private:
  friend class Fiber;
  Fiber* waiting_ = nullptr;  // those with a deadline, a list through them; used on the loop's thread
};

// Used on its host's thread, but for resume().
class Fiber {
 public:
  static constexpr size_t kStackSize = 256 * 1024;  // of address space; pages are taken as they are used
  // False in sanitizer builds, which do not know that stacks are changed.
  static bool offered();
  // Runs `work` at once, on the calling thread, until it waits or ends; then `done`, on the host's thread and
  // not on the fiber. `work` must not throw. Lives until then.
  static void start(FiberHost& host, FiberHost::Work work, FiberHost::Work done);
  // The one that is running on this thread; null outside of any.
  static Fiber* current();

  FiberHost& host() { return host_; }
  // Until `event` resumes it, or `deadline` is past, if there is one.
  void wait_for(OneShotEvent& event, const std::chrono::steady_clock::time_point* deadline);
  // Lets it go on. From any thread; once for each wait_for().
  void resume();

  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

 private:
  friend class FiberHost;
  struct Stack;
  Fiber(FiberHost& host, FiberHost::Work work, FiberHost::Work done);
  ~Fiber();
  void run();
  void watch_deadline();
  void unwatch_deadline();

  FiberHost& host_;
  FiberHost::Work work_, done_;
  std::unique_ptr<Stack> stack_;
  bool ended_ = false;
  OneShotEvent* event_ = nullptr;  // that it waits for with a deadline
  std::chrono::steady_clock::time_point deadline_;
  Fiber *next_ = nullptr, *previous_ = nullptr;  // in the host's list
};

// Does `work`, which may block its thread: on this one, or, from a fiber, on one that the host has for that.
// kInternal when it threw.
Status run_blocking(const FiberHost::Work& work);

}  // namespace coffer
