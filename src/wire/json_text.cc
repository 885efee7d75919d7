// SPDX-License-Identifier: Apache-2.0
#include "wire/json_text.h"

#include <fmt/format.h>

#include <cmath>

#include "base/plain_json.h"
#include "wire/utf8.h"

namespace coffer::wire {

void append_json_string(std::string& out, std::string_view text) {
  if (is_plain_json(text)) {
    out.append("\"", 1).append(text).append("\"", 1);
    return;
  }
  out.push_back('"');
  while (!text.empty()) {
    const char32_t c = take_code_point(text);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (c < 0x20 || c == 0x7F)
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        else
          append_utf8(out, c);
    }
  }
  out.push_back('"');
}

void append_json_number(std::string& out, double number) {
  if (std::isnan(number))
    out += "\"NaN\"";
  else if (std::isinf(number))
    out += number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  else
    fmt::format_to(std::back_inserter(out), "{}", number);
}

void append_json_timestamp(std::string& out, Timestamp time) {
  int64_t seconds = time.microseconds / 1'000'000;
  int64_t millis = time.microseconds % 1'000'000 / 1000;
  if (time.microseconds < 0 && millis != 0) {
    append_json_number(out, static_cast<double>(seconds * 1000 + millis) / 1000);
    return;
  }
  fmt::format_to(std::back_inserter(out), "{}", seconds);
  if (millis == 0) return;
  std::string fraction = fmt::format(".{:03}", millis);
  while (fraction.back() == '0') fraction.pop_back();
  out += fraction;
}

}  // namespace coffer::wire
