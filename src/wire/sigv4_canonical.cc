// SPDX-License-Identifier: Apache-2.0
#include "wire/sigv4_canonical.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <utility>

#include "base/encoding.h"
#include "crypto/mac.h"

namespace coffer::wire {
namespace {

constexpr size_t kUsualHeaders = 256;  // bytes; only so that most need room once

// RFC 3986 section 5.2.4, and repeated slashes made one, as AWS does for all services but S3.
std::string remove_dot_segments(std::string_view path) {
  std::vector<std::string_view> segments;
  for (std::string_view rest = path; !rest.empty();) {
    const size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
  }
  std::string result;
  for (const auto segment : segments) {
    result += '/';
    result += segment;
  }
  if (result.empty() || path.back() == '/') result += '/';
  return result;
}

// The words of the value with one blank between them.
void append_folded(std::string& out, std::string_view value) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  for (bool first = true;; first = false) {
    value.remove_prefix(static_cast<size_t>(std::ranges::find_if_not(value, is_blank) - value.begin()));
    if (value.empty()) return;
    const auto end = static_cast<size_t>(std::ranges::find_if(value, is_blank) - value.begin());
    if (!first) out += ' ';
    out += value.substr(0, end);
    value.remove_prefix(end);
  }
}

template <class Texts = std::initializer_list<std::string_view>>
std::string joined(char separator, const Texts& texts) {
  size_t size = 0;
  for (const auto& text : texts) size += text.size() + 1;
  std::string result;
  result.reserve(size);
  for (const auto& text : texts) {
    result += text;
    result += separator;
  }
  if (!result.empty()) result.pop_back();
  return result;
}

// Digits text[at, at + count) as a number; -1 when one is no digit.
int number_at(std::string_view text, size_t at, size_t count) {
  int value = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

std::optional<Timestamp> make_timestamp(int year, int month, int day, int hour, int minute, int second) {
  if (year < 1970 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 60)
    return std::nullopt;
  const auto date = std::chrono::year(year) / month / day;
  if (!date.ok()) return std::nullopt;  // 30 February
  constexpr int kDay = 24 * 60 * 60;
  const int time = (hour * 60 + minute) * 60 + second;
  if (time >= kDay) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return Timestamp{(days * kDay + time) * 1'000'000};
}

}  // namespace

std::string canonical_path(std::string_view wire_path, bool s3) {
  if (!s3) return percent_encode(remove_dot_segments(wire_path), true);
  const auto decoded = percent_decode(wire_path);
  return decoded ? percent_encode(*decoded, true) : std::string(wire_path);
}

std::optional<std::string> canonical_query(std::string_view wire_query) {
  auto parameters = parse_query(wire_query);
  if (!parameters) return std::nullopt;
  std::erase_if(*parameters, [](const auto& parameter) { return parameter.first == "X-Amz-Signature"; });
  for (auto& [name, value] : *parameters) {
    name = percent_encode(name);
    value = percent_encode(value);
  }
  std::sort(parameters->begin(), parameters->end());
  std::string result;
  for (const auto& [name, value] : *parameters) {
    if (!result.empty()) result += '&';
    result += name;
    result += '=';
    result += value;
  }
  return result;
}

std::optional<std::string> canonical_headers(const HttpHeaders& headers,
                                             const std::vector<std::string>& names) {
  std::string result;
  result.reserve(kUsualHeaders);
  for (const std::string& name : names) {
    result += name;
    bool found = false;
    for (const auto& [key, value] : headers) {
      if (!equal_ignoring_case(key, name)) continue;
      result += std::exchange(found, true) ? ',' : ':';
      append_folded(result, value);
    }
    if (!found) return std::nullopt;
    result += '\n';
  }
  return result;
}

std::optional<std::string> canonical_request(const HttpRequest& request,
                                             const std::vector<std::string>& signed_headers,
                                             std::string_view payload_hash, bool s3) {
  const auto query = canonical_query(request.query);
  const auto headers = canonical_headers(request.headers, signed_headers);
  if (!query || !headers) return std::nullopt;
  const std::string path = canonical_path(request.path, s3);
  return joined('\n', {request.method, path, *query, *headers, joined(';', signed_headers), payload_hash});
}

std::string to_string(const CredentialScope& scope) {
  return joined('/', {scope.date, scope.region, scope.service, kSigV4Terminator});
}

std::string string_to_sign(Timestamp time, const CredentialScope& scope, std::string_view request) {
  return joined(
      '\n', {kSigV4Algorithm, basic_iso8601(time), to_string(scope), hex(crypto::sha256(as_bytes(request)))});
}

std::optional<Timestamp> parse_basic_iso8601(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  return make_timestamp(number_at(text, 0, 4), number_at(text, 4, 2), number_at(text, 6, 2),
                        number_at(text, 9, 2), number_at(text, 11, 2), number_at(text, 13, 2));
}

std::optional<Timestamp> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  // IMF-fixdate of RFC 9110 section 5.6.7; Python writes -0000 for GMT.
  if (text.size() < 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' || text[16] != ' ' ||
      text[19] != ':' || text[22] != ':' || text[25] != ' ')
    return std::nullopt;
  const std::string_view zone = text.substr(26);
  if (zone != "GMT" && zone != "-0000" && zone != "+0000") return std::nullopt;
  const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
  if (month == months.end()) return std::nullopt;
  return make_timestamp(number_at(text, 12, 4), static_cast<int>(month - months.begin()) + 1,
                        number_at(text, 5, 2), number_at(text, 17, 2), number_at(text, 20, 2),
                        number_at(text, 23, 2));
}

}  // namespace coffer::wire
