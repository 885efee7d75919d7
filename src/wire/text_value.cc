// SPDX-License-Identifier: Apache-2.0
#include "wire/text_value.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <ctime>
#include <limits>

#include "base/encoding.h"
#include "wire/iso8601.h"
#include "wire/sigv4_canonical.h"
#include "wire/utf8.h"

namespace coffer::wire {
namespace {

template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Value> read_integer(const Shape& shape, std::string_view text) {
  const auto integer = read_number<int64_t>(text);
  const bool fits = integer && *integer >= std::numeric_limits<int32_t>::min() &&
                    *integer <= std::numeric_limits<int32_t>::max();
  // What an Integer cannot hold passes where the shape's own bounds will refuse it, as in JSON.
  const bool bounded = integer && ((*integer > 0 && shape.max) || (*integer < 0 && shape.min));
  if (!integer || (shape.type == ShapeType::kInteger && !fits && !bounded)) return std::nullopt;
  return Value(*integer);
}

std::optional<Value> read_float(std::string_view text) {
  if (text == "NaN") return Value(std::nan(""));
  if (text == "Infinity") return Value(std::numeric_limits<double>::infinity());
  if (text == "-Infinity") return Value(-std::numeric_limits<double>::infinity());
  const auto number = read_number<double>(text);
  if (!number || !std::isfinite(*number)) return std::nullopt;
  return Value(*number);
}

// RFC 9110 section 5.6.7.
std::string http_date(Timestamp time) {
  const time_t seconds = static_cast<time_t>(time.microseconds / 1'000'000);
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  return std::string(text, ::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
}

}  // namespace

std::optional<Value> read_text(const Shape& shape, Location location, std::string_view text) {
  switch (shape.type) {
    case ShapeType::kString:
      if (!is_utf8(text)) return std::nullopt;
      return Value(std::string(text));
    case ShapeType::kBoolean:
      if (text != "true" && text != "false") return std::nullopt;
      return Value(text == "true");
    case ShapeType::kInteger:
    case ShapeType::kLong:
      return read_integer(shape, text);
    case ShapeType::kFloat:
    case ShapeType::kDouble:
      return read_float(text);
    case ShapeType::kBlob: {
      auto bytes = from_base64(text);
      if (!bytes) return std::nullopt;
      return Value(std::move(*bytes));
    }
    case ShapeType::kTimestamp: {
      const auto time = location == Location::kHeader ? parse_http_date(text) : parse_iso8601(text);
      if (!time) return std::nullopt;
      return Value(*time);
    }
    case ShapeType::kStructure:
    case ShapeType::kList:
    case ShapeType::kMap:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string write_text(Location location, const Value& value) {
  if (const auto* text = value.as<std::string>()) return *text;
  if (const auto* boolean = value.as<bool>()) return *boolean ? "true" : "false";
  if (const auto* integer = value.as<int64_t>()) return std::to_string(*integer);
  if (const auto* bytes = value.as<Bytes>()) return base64(*bytes);
  if (const auto* time = value.as<Timestamp>())
    return location == Location::kHeader ? http_date(*time) : iso8601_millis(*time);
  if (const auto* number = value.as<double>()) {
    if (std::isnan(*number)) return "NaN";
    if (std::isinf(*number)) return *number > 0 ? "Infinity" : "-Infinity";
    return fmt::format("{}", *number);
  }
  return {};
}

std::string_view name_of_type(ShapeType type) {
  switch (type) {
    case ShapeType::kBoolean:
      return "a Boolean";
    case ShapeType::kInteger:
      return "an Integer";
    case ShapeType::kLong:
      return "a Long";
    case ShapeType::kFloat:
      return "a Float";
    case ShapeType::kDouble:
      return "a Double";
    case ShapeType::kBlob:
      return "a Blob";
    case ShapeType::kTimestamp:
      return "a Timestamp";
    default:
      return "a String";
  }
}

}  // namespace coffer::wire
