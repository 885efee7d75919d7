// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string_view>

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

// Two digits at a time into a place of its own: every call writes several times of day, and fmt takes long to
// read such a format.
class DateText {
 public:
  DateText& two_digits(int64_t value) {
    text_[size_++] = static_cast<char>('0' + value / 10);
    text_[size_++] = static_cast<char>('0' + value % 10);
    return *this;
  }
  DateText& year(int value) {
    if (value >= 0 && value <= 9999) return two_digits(value / 100).two_digits(value % 100);
    return add(fmt::format("{:04}", value));
  }
  DateText& add(std::string_view text) {
    size_ += text.copy(text_.data() + size_, text_.size() - size_);
    return *this;
  }
  std::string text() const { return std::string(text_.data(), size_); }

 private:
  std::array<char, 32> text_;
  size_t size_ = 0;
};

DateText date_and_time(Timestamp time, std::string_view in_date, std::string_view in_time) {
  const Civil t(time);
  DateText text;
  text.year(t.year()).add(in_date).two_digits(t.month()).add(in_date).two_digits(t.day_of_month()).add("T");
  text.two_digits(t.clock.hours().count()).add(in_time);
  text.two_digits(t.clock.minutes().count()).add(in_time);
  text.two_digits(t.clock.seconds().count());
  return text;
}

}  // namespace

std::string iso8601(Timestamp time) {
  return date_and_time(time, "-", ":").add("Z").text();
}

std::string basic_iso8601(Timestamp time) {
  return date_and_time(time, "", "").add("Z").text();
}

std::string iso8601_millis(Timestamp time) {
  const int64_t millis = ((time.microseconds / 1000) % 1000 + 1000) % 1000;
  return date_and_time(time, "-", ":").add(fmt::format(".{:03}Z", millis)).text();
}

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace coffer
