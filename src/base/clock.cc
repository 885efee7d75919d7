// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <fmt/format.h>

#include <chrono>

namespace coffer {
namespace {

class SystemClock final : public Clock {
 public:
  Timestamp now() const override {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
  }
};

// Of UTC, which has no rules that the C library would have to look up.
struct Civil {
  explicit Civil(Timestamp time)
      : point(std::chrono::microseconds(time.microseconds)),
        day(std::chrono::floor<std::chrono::days>(point)),
        date(day),
        clock(std::chrono::floor<std::chrono::seconds>(point - day)) {}
  int year() const { return static_cast<int>(date.year()); }
  unsigned month() const { return static_cast<unsigned>(date.month()); }
  unsigned day_of_month() const { return static_cast<unsigned>(date.day()); }

  std::chrono::sys_time<std::chrono::microseconds> point;
  std::chrono::sys_days day;
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::seconds> clock;
};

std::string seconds_text(const Civil& t) {
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", t.year(), t.month(), t.day_of_month(),
                     t.clock.hours().count(), t.clock.minutes().count(), t.clock.seconds().count());
}

}  // namespace

std::string iso8601(Timestamp time) {
  return seconds_text(Civil(time)) + "Z";
}

std::string basic_iso8601(Timestamp time) {
  const Civil t(time);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", t.year(), t.month(), t.day_of_month(),
                     t.clock.hours().count(), t.clock.minutes().count(), t.clock.seconds().count());
}

std::string iso8601_millis(Timestamp time) {
  const int64_t millis = ((time.microseconds / 1000) % 1000 + 1000) % 1000;
  return seconds_text(Civil(time)) + fmt::format(".{:03}Z", millis);
}

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace coffer
