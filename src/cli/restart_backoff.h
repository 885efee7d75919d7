// SPDX-License-Identifier: Apache-2.0
// How long to wait before a daemon that died is started again: not at all the first time, then 100 ms
// doubling to 5 s, or to a limit that the caller sets; a daemon that served for 30 s starts from the
// beginning. Times in milliseconds of a monotonic clock.
#pragma once
#include <algorithm>
#include <cstdint>

namespace coffer::cli {

class RestartBackoff {
 public:
  static constexpr int64_t kFirstWait = 100, kLongestWait = 5000, kForgivenAfter = 30000;

  explicit RestartBackoff(int64_t longest_wait = kLongestWait) : longest_wait_(longest_wait) {}

  void served_since(int64_t now) { serving_since_ = now; }

  // The daemon died at `now`; the wait before its next start.
  int64_t died(int64_t now) {
    if (serving_since_ >= 0 && now - serving_since_ >= kForgivenAfter) deaths_ = 0;
    serving_since_ = -1;
    const int64_t wait =
        deaths_ == 0 ? 0 : std::min(longest_wait_, kFirstWait << std::min<int64_t>(deaths_ - 1, 10));
    ++deaths_;
    return wait;
  }

  int64_t deaths() const { return deaths_; }

 private:
  const int64_t longest_wait_;
  int64_t deaths_ = 0;  // since it last served for long
  int64_t serving_since_ = -1;
};

}  // namespace coffer::cli
