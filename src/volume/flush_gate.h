// SPDX-License-Identifier: Apache-2.0
// All flushes of a layer pass here, one at a time, so that no two fsync calls run at once: the kernel reports
// a lost write to one of them only, and the other would acknowledge it. Flushes that wait while one runs are
// served together by the next (group commit). The first failure is final.
#pragma once
#include <atomic>
#include <functional>
#include <mutex>
#include <optional>

#include "base/result.h"

namespace coffer::volume {

class Layer;

enum class Durability {
  kData,    // contents of sectors whose states are durable already
  kStates,  // contents and states: what a flush promises
};

class FlushGate {
 public:
  explicit FlushGate(Layer& layer) : layer_(layer) {}

  // Everything completed before the call is durable when it returns. Thread-safe.
  Status flush(Durability durability);
  // kIo or kConflict with the reason once a flush has failed: nothing may be written any more.
  Status check() const;
  // Somebody else's flush of the same file failed: what this one would have heard of may be lost.
  void give_up(Error error) { (void)refuse(std::move(error)); }
  // Runs `action` while no flush does.
  Status exclude(const std::function<Status()>& action);

 private:
  Status run(Durability durability);
  tl::unexpected<Error> refuse(Error error);

  Layer& layer_;
  std::atomic<uint64_t> arrived_{0};

  std::mutex mutex_;          // held by the flush that runs
  uint64_t data_served_ = 0;  // flushes that arrived up to this number are done
  uint64_t states_served_ = 0;

  std::atomic<bool> failed_{false};
  mutable std::mutex failure_mutex_;
  std::optional<Error> failure_;
};

}  // namespace coffer::volume
