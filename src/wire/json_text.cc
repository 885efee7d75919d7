// SPDX-License-Identifier: Apache-2.0
#include "wire/json_text.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/plain_json.h"
#include "wire/utf8.h"

namespace coffer::wire {
namespace {

// Builds a Value from the parser's events. The open containers are on a stack of our own, so depth costs no
// stack.
class Builder {
 public:
  explicit Builder(int deepest) : deepest_(deepest) {}
  Value take() { return std::move(root_); }

  bool null() { return add(Value()); }
  bool boolean(bool value) { return add(Value(value)); }
  bool number_integer(int64_t value) { return add(Value(value)); }
  bool number_unsigned(uint64_t value) {
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
      return add(Value(static_cast<double>(value)));
    return add(Value(static_cast<int64_t>(value)));
  }
  bool number_float(double value, const std::string&) { return add(Value(value)); }
  // Copies of texts and names, for the parser reads the next one into the same memory.
  bool string(const std::string& value) { return add(Value(value)); }
  bool binary(nlohmann::json::binary_t&) { return false; }
  bool start_object(size_t) { return open(Value(Members{})); }
  bool start_array(size_t) { return open(Value(List{})); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(const std::string& name) {
    open_.back().key = name;
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) { return false; }

 private:
  struct Container {
    Value value;
    std::string key;  // of the member that comes next
  };

  bool add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto* members = open_.back().value.as<Members>()) {
      members->emplace_back(std::move(open_.back().key), std::move(value));
    } else {
      open_.back().value.as<List>()->push_back(std::move(value));
    }
    return true;
  }
  bool open(Value container) {
    if (static_cast<int>(open_.size()) >= deepest_) return false;
    open_.push_back({std::move(container), {}});
    return true;
  }
  bool close() {
    Value done = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(done));
  }

  int deepest_;
  std::vector<Container> open_;
  Value root_;
};

}  // namespace

std::optional<Value> read_json(std::string_view text, int deepest) {
  Builder builder(deepest);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return std::nullopt;
  return builder.take();
}

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  if (is_plain_json(text)) {
    out += text;
    text = {};
  }
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
