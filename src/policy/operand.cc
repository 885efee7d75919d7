// SPDX-License-Identifier: Apache-2.0
#include "policy/operand.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>

#include "policy/match.h"

namespace coffer::policy {
namespace {

constexpr int64_t kMicroseconds = 1'000'000;
constexpr int64_t kLargestEpoch = 8'000'000'000'000;  // in seconds; as microseconds it still fits 63 bits

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// Takes exactly `digits` digits, which are at most `largest`.
std::optional<int> take_digits(std::string_view& text, size_t digits, int largest) {
  if (text.size() < digits || !all_digits(text.substr(0, digits))) return std::nullopt;
  int value = 0;
  std::from_chars(text.data(), text.data() + digits, value);
  text.remove_prefix(digits);
  return value <= largest ? std::optional(value) : std::nullopt;
}

bool take(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(1);
  return true;
}

// ".45" to microseconds; further digits are cut off.
std::optional<int64_t> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return 0;
  int64_t value = 0, unit = kMicroseconds;
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    unit /= 10;
    value += unit * (text.front() - '0');
  }
  return value;
}

// "Z" or "+02:00" to seconds east of Greenwich.
std::optional<int> take_zone(std::string_view& text) {
  if (take(text, 'Z')) return 0;
  const int sign = text.starts_with('-') ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_digits(text, 2, 23);
  if (!hours || !take(text, ':')) return std::nullopt;
  const auto minutes = take_digits(text, 2, 59);
  if (!minutes) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

// "hh:mm[:ss[.s]]" and the zone to microseconds since the day began in Greenwich.
std::optional<int64_t> read_time(std::string_view text) {
  const auto hour = take_digits(text, 2, 23);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2, 59);
  if (!minute) return std::nullopt;
  int64_t time = (*hour * 60 + *minute) * 60 * kMicroseconds;
  if (take(text, ':')) {
    const auto second = take_digits(text, 2, 59);
    const auto fraction = second ? take_fraction(text) : std::nullopt;
    if (!fraction) return std::nullopt;
    time += *second * kMicroseconds + *fraction;
  }
  const auto zone = take_zone(text);
  if (!zone || !text.empty()) return std::nullopt;
  return time - *zone * kMicroseconds;
}

std::optional<Timestamp> read_epoch(std::string_view text) {
  const bool negative = take(text, '-');
  const size_t end = std::min(text.find('.'), text.size());
  int64_t seconds = 0;
  if (!all_digits(text.substr(0, end)) || end > 13) return std::nullopt;
  std::from_chars(text.data(), text.data() + end, seconds);
  text.remove_prefix(end);
  const auto fraction = take_fraction(text);
  if (!fraction || !text.empty() || seconds > kLargestEpoch) return std::nullopt;
  const int64_t time = seconds * kMicroseconds + *fraction;
  return Timestamp{negative ? -time : time};
}

}  // namespace

std::optional<double> read_number(std::string_view text) {
  // from_chars knows words ("inf", "nan") too.
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string_view::npos)
    return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Timestamp> read_date(std::string_view text) {
  const bool iso8601 =
      text.size() >= 4 && all_digits(text.substr(0, 4)) && (text.size() == 4 || text[4] == '-');
  if (!iso8601) return read_epoch(text);
  const auto year = take_digits(text, 4, 9999);
  int month = 1, day = 1;
  int64_t time = 0;
  if (take(text, '-')) {
    const auto given = take_digits(text, 2, 12);
    if (!given) return std::nullopt;
    month = *given;
    if (take(text, '-')) {
      const auto given_day = take_digits(text, 2, 31);
      if (!given_day) return std::nullopt;
      day = *given_day;
      if (take(text, 'T')) {
        const auto given_time = read_time(text);
        if (!given_time) return std::nullopt;
        time = *given_time;
        text = {};
      }
    }
  }
  const auto date = std::chrono::year(*year) / month / day;
  if (!text.empty() || !date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return Timestamp{days * 86400 * kMicroseconds + time};
}

std::optional<bool> read_boolean(std::string_view text) {
  if (equals_ignoring_case(text, "true")) return true;
  if (equals_ignoring_case(text, "false")) return false;
  return std::nullopt;
}

bool Network::contains(const Network& other) const {
  if (ipv6 != other.ipv6 || prefix > other.prefix) return false;
  const unsigned whole = prefix / 8, rest = prefix % 8;
  if (!std::equal(address.begin(), address.begin() + whole, other.address.begin())) return false;
  return rest == 0 || (address[whole] ^ other.address[whole]) >> (8 - rest) == 0;
}

std::optional<Network> read_network(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  if (address.find('\0') != std::string::npos) return std::nullopt;
  Network network;
  network.ipv6 = address.find(':') != std::string::npos;
  if (inet_pton(network.ipv6 ? AF_INET6 : AF_INET, address.c_str(), network.address.data()) != 1)
    return std::nullopt;
  network.prefix = network.ipv6 ? 128 : 32;
  if (slash == std::string_view::npos) return network;
  const auto digits = text.substr(slash + 1);
  unsigned prefix = 0;
  if (!all_digits(digits) || digits.size() > 3) return std::nullopt;
  std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (prefix > network.prefix) return std::nullopt;
  network.prefix = prefix;
  return network;
}

}  // namespace coffer::policy
