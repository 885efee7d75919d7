// SPDX-License-Identifier: Apache-2.0
// Boost.JSON's event parser, for it reads a request several times faster than the library that the rest of
// Coffer uses. The only file that knows it; its implementation is compiled in here.
#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>
#include <charconv>
#include <limits>

#include "wire/json_text.h"

namespace coffer::wire {
namespace {

using boost::json::error_code;
using boost::json::string_view;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Builds a Value from the parser's events (boost/json/basic_parser.hpp lists them). The open containers are
// on a stack of our own, so depth costs no stack.
class Builder {
 public:
  static constexpr size_t max_array_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_object_size = max_array_size;
  static constexpr size_t max_string_size = max_array_size;
  static constexpr size_t max_key_size = max_array_size;

  Value take() { return std::move(root_); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return open(Value(Members{})); }
  bool on_array_begin(error_code&) { return open(Value(List{})); }
  bool on_object_end(size_t, error_code&) { return close(); }
  bool on_array_end(size_t, error_code&) { return close(); }
  bool on_key_part(string_view part, size_t, error_code&) { return append(part); }
  bool on_key(string_view part, size_t, error_code&) {
    append(part);
    open_.back().key = std::exchange(text_, {});
    return true;
  }
  bool on_string_part(string_view part, size_t, error_code&) { return append(part); }
  bool on_string(string_view part, size_t, error_code&) {
    append(part);
    return add(Value(std::exchange(text_, {})));
  }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(int64_t value, string_view, error_code&) { return add(Value(value)); }
  bool on_uint64(uint64_t value, string_view, error_code&) { return add(Value(static_cast<double>(value))); }
  bool on_double(double, string_view text, error_code& error) { return add_double(text, error); }
  bool on_bool(bool value, error_code&) { return add(Value(value)); }
  bool on_null(error_code&) { return add(Value()); }
  bool on_comment_part(string_view, error_code&) { return false; }
  bool on_comment(string_view, error_code&) { return false; }

 private:
  struct Container {
    Value value;
    std::string key;  // of the member that comes next
  };

  bool append(string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  // The parser's own value may be one unit in the last place off.
  bool add_double(string_view text, error_code& error) {
    double value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem == std::errc() && end == text.data() + text.size()) return add(Value(value));
    error = boost::json::error::not_number;  // 1e999
    return false;
  }
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
    open_.push_back({std::move(container), {}});
    return true;
  }
  bool close() {
    Value done = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(done));
  }

  std::vector<Container> open_;
  std::string text_;  // of the string or name that is being read
  Value root_;
};

}  // namespace

std::optional<Value> read_json(std::string_view text, int deepest) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  boost::json::parse_options options;
  options.max_depth = static_cast<size_t>(std::max(0, deepest));
  boost::json::basic_parser<Builder> parser(options);
  error_code error;
  const size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (error || !parser.done() || read != text.size()) return std::nullopt;
  return parser.handler().take();
}

}  // namespace coffer::wire
