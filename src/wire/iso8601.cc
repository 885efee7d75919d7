// SPDX-License-Identifier: Apache-2.0
#include "wire/iso8601.h"

#include <chrono>
#include <cstdint>

namespace coffer::wire {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<int> digits(size_t count) {
    if (text_.size() < count) return std::nullopt;
    int number = 0;
    for (size_t at = 0; at < count; ++at) {
      if (text_[at] < '0' || text_[at] > '9') return std::nullopt;
      number = number * 10 + (text_[at] - '0');
    }
    text_.remove_prefix(count);
    return number;
  }
  bool skip(char wanted) {
    if (text_.empty() || text_.front() != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Microseconds of ".123456789"; further digits are cut off.
  std::optional<int64_t> fraction() {
    if (!skip('.')) return 0;
    int64_t micros = 0, unit = 100'000;
    size_t digits = 0;
    for (; !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; ++digits, unit /= 10) {
      micros += (text_.front() - '0') * unit;
      text_.remove_prefix(1);
    }
    if (digits == 0) return std::nullopt;
    return micros;
  }
  // Seconds east of UTC.
  std::optional<int> offset() {
    if (skip('Z') || skip('z')) return 0;
    const bool east = skip('+');
    if (!east && !skip('-')) return std::nullopt;
    const auto hours = digits(2);
    skip(':');
    const auto minutes = digits(2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    return (east ? 1 : -1) * (*hours * 3600 + *minutes * 60);
  }
  bool done() const { return text_.empty(); }

 private:
  std::string_view text_;
};

}  // namespace

std::optional<Timestamp> parse_iso8601(std::string_view text) {
  Reader reader(text);
  const auto year = reader.digits(4);
  if (!year || *year == 0 || !reader.skip('-')) return std::nullopt;
  const auto month = reader.digits(2);
  if (!month || !reader.skip('-')) return std::nullopt;
  const auto day = reader.digits(2);
  if (!day) return std::nullopt;
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const int64_t midnight = int64_t{sys_days(date).time_since_epoch().count()} * 86'400;
  if (reader.done()) return Timestamp{midnight * 1'000'000};
  if (!reader.skip('T') && !reader.skip('t')) return std::nullopt;
  const auto hour = reader.digits(2);
  if (!hour || *hour > 23 || !reader.skip(':')) return std::nullopt;
  const auto minute = reader.digits(2);
  if (!minute || *minute > 59 || !reader.skip(':')) return std::nullopt;
  const auto second = reader.digits(2);
  if (!second || *second > 60) return std::nullopt;
  const auto fraction = reader.fraction();
  if (!fraction) return std::nullopt;
  const auto offset = reader.offset();
  if (!offset || !reader.done()) return std::nullopt;
  const int64_t seconds = midnight + *hour * 3600 + *minute * 60 + *second - *offset;
  return Timestamp{seconds * 1'000'000 + *fraction};
}

}  // namespace coffer::wire
