// SPDX-License-Identifier: Apache-2.0
// Second readings of the values that conditions compare, written another way than the product's: by the shape
// of the whole text, with the C library's calendar and numbers, and with 128-bit integers for addresses.
// Source: W3C, "Date and Time Formats"; RFC 4291 section 2.2; RFC 4632 section 3.1.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::fuzz {

using Wide = unsigned __int128;

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Digits become 'd', all else but that letter stays: "2020-01-02" is "dddd-dd-dd".
inline std::string shape_of(std::string_view text) {
  std::string shape(text);
  for (char& c : shape) c = is_digit(c) ? 'd' : c == 'd' ? '?' : c;
  return shape;
}

inline bool only_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// ".45" as microseconds, cut off; nothing when no digit follows the point.
inline std::optional<int64_t> micros_of(std::string_view fraction) {
  if (fraction.empty()) return 0;
  std::string digits(fraction.substr(1));
  if (fraction[0] != '.' || !only_digits(digits)) return std::nullopt;
  digits.resize(6, '0');
  return std::atoll(digits.c_str());
}

inline int number_in(std::string_view text, size_t at, size_t count) {
  return std::atoi(std::string(text.substr(at, count)).c_str());
}

// Microseconds since 1970 of "YYYY[-MM[-DD[Thh:mm[:ss[.s]]ZONE]]]".
inline std::optional<int64_t> micros_of_iso8601(std::string_view text) {
  const std::string shape = shape_of(text);
  const std::string_view kFull = "dddd-dd-ddTdd:dd";
  std::tm tm{};
  tm.tm_mday = 1;
  tm.tm_year = number_in(text, 0, 4) - 1900;
  int64_t micros = 0, zone = 0;
  const bool date_only = shape == "dddd" || shape == "dddd-dd" || shape == "dddd-dd-dd";
  if (!date_only && !std::string_view(shape).starts_with(kFull)) return std::nullopt;
  if (shape.size() >= 7) tm.tm_mon = number_in(text, 5, 2) - 1;
  if (shape.size() >= 10) tm.tm_mday = number_in(text, 8, 2);
  if (!date_only) {
    const size_t suffix = shape.ends_with('Z') ? 1 : 6;
    if (shape.size() < kFull.size() + suffix) return std::nullopt;
    const auto zone_text = text.substr(text.size() - suffix);
    if (suffix == 6) {
      const std::string zone_shape = shape_of(zone_text);
      if (zone_shape != "+dd:dd" && zone_shape != "-dd:dd") return std::nullopt;
      const int hours = number_in(zone_text, 1, 2), minutes = number_in(zone_text, 4, 2);
      if (hours > 23 || minutes > 59) return std::nullopt;
      zone = (zone_text[0] == '-' ? -60 : 60) * (hours * 60 + minutes);
    }
    tm.tm_hour = number_in(text, 11, 2);
    tm.tm_min = number_in(text, 14, 2);
    auto seconds = text.substr(kFull.size(), text.size() - kFull.size() - suffix);
    if (!seconds.empty()) {
      if (!std::string_view(shape_of(seconds)).starts_with(":dd")) return std::nullopt;
      tm.tm_sec = number_in(seconds, 1, 2);
      const auto fraction = micros_of(seconds.substr(3));
      if (!fraction) return std::nullopt;
      micros = *fraction;
    }
  }
  std::tm given = tm;
  const int64_t time = timegm(&tm);
  // The C library brings 30 February to March: such a date is none.
  if (tm.tm_mon != given.tm_mon || tm.tm_mday != given.tm_mday || tm.tm_hour != given.tm_hour ||
      tm.tm_min != given.tm_min || tm.tm_sec != given.tm_sec)
    return std::nullopt;
  return (time - zone) * 1'000'000 + micros;
}

inline std::optional<int64_t> micros_of_epoch(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto whole = text.substr(0, text.find('.'));
  if (!only_digits(whole) || whole.size() > 13) return std::nullopt;
  const int64_t seconds = std::atoll(std::string(whole).c_str());
  const auto fraction = micros_of(text.substr(whole.size()));
  if (!fraction || seconds > 8'000'000'000'000) return std::nullopt;
  return (negative ? -1 : 1) * (seconds * 1'000'000 + *fraction);
}

inline std::optional<int64_t> independent_date(std::string_view text) {
  const std::string shape = shape_of(text);
  const bool iso8601 = shape == "dddd" || std::string_view(shape).starts_with("dddd-");
  return iso8601 ? micros_of_iso8601(text) : micros_of_epoch(text);
}

// "-1.5e3" with a digit somewhere before the exponent.
inline bool is_number_shape(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t e = text.find_first_of("eE");
  const auto mantissa = text.substr(0, e);
  const size_t point = mantissa.find('.');
  const std::string digits =
      std::string(mantissa.substr(0, point)) +
      (point == std::string_view::npos ? std::string() : std::string(mantissa.substr(point + 1)));
  if (!only_digits(digits)) return false;
  if (e == std::string_view::npos) return true;
  auto exponent = text.substr(e + 1);
  if (exponent.starts_with('-') || exponent.starts_with('+')) exponent.remove_prefix(1);
  return only_digits(exponent);
}

// An address in one integer, and how many of its bits count.
struct IndependentNetwork {
  unsigned bits = 32;
  Wide value = 0;
  unsigned prefix = 32;

  bool holds(const IndependentNetwork& other) const {
    if (bits != other.bits || prefix > other.prefix) return false;
    return prefix == 0 || (value >> (bits - prefix)) == (other.value >> (bits - prefix));
  }
};

inline std::vector<std::string_view> split_at(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t end = text.find(separator); end != std::string_view::npos; end = text.find(separator)) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

inline std::optional<uint32_t> independent_ipv4(std::string_view text) {
  const auto parts = split_at(text, '.');
  if (parts.size() != 4) return std::nullopt;
  uint32_t value = 0;
  for (const auto part : parts) {
    if (!only_digits(part) || part.size() > 3 || (part.size() > 1 && part[0] == '0')) return std::nullopt;
    const int number = number_in(part, 0, 3);
    if (number > 255) return std::nullopt;
    value = value << 8 | static_cast<uint32_t>(number);
  }
  return value;
}

// "1:2:1.2.3.4" to its groups of 16 bits; an empty text has none.
inline std::optional<std::vector<uint16_t>> ipv6_groups(std::string_view text, bool at_end) {
  std::vector<uint16_t> groups;
  if (text.empty()) return groups;
  const auto parts = split_at(text, ':');
  for (size_t i = 0; i < parts.size(); ++i) {
    if (at_end && i + 1 == parts.size() && parts[i].find('.') != std::string_view::npos) {
      const auto ipv4 = independent_ipv4(parts[i]);
      if (!ipv4) return std::nullopt;
      groups.push_back(static_cast<uint16_t>(*ipv4 >> 16));
      groups.push_back(static_cast<uint16_t>(*ipv4 & 0xFFFF));
      continue;
    }
    if (parts[i].empty() || parts[i].size() > 4 ||
        parts[i].find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
      return std::nullopt;
    groups.push_back(static_cast<uint16_t>(std::strtoul(std::string(parts[i]).c_str(), nullptr, 16)));
  }
  return groups;
}

inline std::optional<Wide> independent_ipv6(std::string_view text) {
  const size_t gap = text.find("::");
  const auto head = ipv6_groups(text.substr(0, gap), gap == std::string_view::npos);
  const auto tail = ipv6_groups(gap == std::string_view::npos ? "" : text.substr(gap + 2), true);
  if (!head || !tail) return std::nullopt;
  const size_t given = head->size() + tail->size();
  if (gap == std::string_view::npos ? given != 8 : given > 7) return std::nullopt;
  std::vector<uint16_t> groups = *head;
  groups.resize(8 - tail->size());
  groups.insert(groups.end(), tail->begin(), tail->end());
  Wide value = 0;
  for (const uint16_t group : groups) value = value << 16 | group;
  return value;
}

inline std::optional<IndependentNetwork> independent_network(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = text.substr(0, slash);
  IndependentNetwork network;
  if (address.find(':') != std::string_view::npos) {
    const auto value = independent_ipv6(address);
    if (!value) return std::nullopt;
    network = {128, *value, 128};
  } else {
    const auto value = independent_ipv4(address);
    if (!value) return std::nullopt;
    network.value = *value;
  }
  if (slash == std::string_view::npos) return network;
  const auto prefix = text.substr(slash + 1);
  if (!only_digits(prefix) || prefix.size() > 3) return std::nullopt;
  const auto bits = static_cast<unsigned>(number_in(prefix, 0, 3));
  if (bits > network.bits) return std::nullopt;
  network.prefix = bits;
  return network;
}

}  // namespace coffer::fuzz
