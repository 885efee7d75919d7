// SPDX-License-Identifier: Apache-2.0
// A clock that runs ahead of another by what it was advanced, so that a rehearsal can live through years.
// What dates things (records, the life of keys) sees the advanced time; what must agree with others
// (signatures) asks for wall_now(). Thread-safe.
#pragma once
#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace coffer {

class AdvancedClock final : public Clock {
 public:
  explicit AdvancedClock(const Clock& real) : real_(real) {}

  Timestamp now() const override { return {real_.now().microseconds + offset_.load()}; }
  Timestamp wall_now() const override { return real_.wall_now(); }
  std::chrono::steady_clock::time_point steady_now() const override { return real_.steady_now(); }

  // How far it is ahead. Never made less: time does not go back.
  std::chrono::microseconds offset() const { return std::chrono::microseconds(offset_.load()); }
  void set_offset(std::chrono::microseconds offset) { offset_ = offset.count(); }

 private:
  const Clock& real_;
  std::atomic<int64_t> offset_ = 0;
};

}  // namespace coffer
