// SPDX-License-Identifier: Apache-2.0
// Something that is worth trying only where it pays: after each failure twice as many occasions are left out
// as after the one before, until it pays again. For one thread.
#pragma once
#include <algorithm>
#include <cstdint>

namespace coffer::exporting {

class AttemptBackoff {
 public:
  // Asked on each occasion: is this one to be left out?
  bool leaves_out() {
    if (to_leave_out_ == 0) return false;
    --to_leave_out_;
    return true;
  }
  void paid() { next_ = 1; }
  void did_not_pay() {
    to_leave_out_ = next_;
    next_ = std::min(2 * next_, kMost);
  }

 private:
  static constexpr uint32_t kMost = 256;

  uint32_t to_leave_out_ = 0, next_ = 1;
};

}  // namespace coffer::exporting
