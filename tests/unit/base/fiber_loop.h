// SPDX-License-Identifier: Apache-2.0
// A loop for fibers, run by a test's own thread.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/fiber.h"

namespace coffer::testing {

// A loop that runs on the test's own thread until so many fibers have ended.
class FiberLoop final : public FiberHost {
 public:
  ~FiberLoop() override {
    for (auto& thread : blocking_) thread.join();
  }
  void post(Work work) override {
    const std::lock_guard lock(mutex_);
    ready_.push_back(std::move(work));
    changed_.notify_one();
  }
  void offload(Work work) override { blocking_.emplace_back(std::move(work)); }
  void start(Work work) {
    ++running_;
    Fiber::start(*this, std::move(work), [this] { --running_; });
  }
  void run() {
    while (running_ > 0) {
      Work next;
      {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::milliseconds(5), [this] { return !ready_.empty(); });
        if (!ready_.empty()) {
          next = std::move(ready_.front());
          ready_.pop_front();
        }
      }
      if (next) next();
      wake_overdue(std::chrono::steady_clock::now());
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> ready_;
  std::vector<std::thread> blocking_;
  int running_ = 0;
};

}  // namespace coffer::testing
