// SPDX-License-Identifier: Apache-2.0
// The Clock seam. Wall time for records and key states; monotonic time for waiting.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

namespace coffer {

// Microseconds since 1970-01-01T00:00:00Z.
struct Timestamp {
  int64_t microseconds = 0;
  auto operator<=>(const Timestamp&) const = default;
  double seconds() const { return static_cast<double>(microseconds) / 1e6; }
  static Timestamp from_seconds(double seconds) { return {static_cast<int64_t>(seconds * 1e6)}; }
};

std::string iso8601(Timestamp time);         // 2024-05-25T10:30:00Z
std::string iso8601_millis(Timestamp time);  // 2024-05-25T10:30:00.000Z
std::string basic_iso8601(Timestamp time);   // 20240525T103000Z

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;  // thread-safe, as the others are
  // The time that everybody else has, by which requests are signed. Another than now() only where a
  // development installation's clock was advanced (AdvancedClock).
  virtual Timestamp wall_now() const { return now(); }
  // For waiting: never goes back, and runs on while somebody sleeps.
  virtual std::chrono::steady_clock::time_point steady_now() const {
    return std::chrono::steady_clock::now();
  }
  virtual void sleep_for(std::chrono::nanoseconds time) { std::this_thread::sleep_for(time); }
};

Clock& system_clock();

}  // namespace coffer
