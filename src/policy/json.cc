// SPDX-License-Identifier: Apache-2.0
#include "policy/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

namespace coffer::policy {
namespace {

// Builds the tree from the parser's events. The open containers are on a stack of our own.
class Builder {
 public:
  JsonValue take() { return std::move(root_); }
  const std::string& problem() const { return problem_; }

  bool null() { return add(JsonValue{}); }
  bool boolean(bool value) { return add(JsonValue{value}); }
  bool number_integer(int64_t value) { return add(JsonValue{JsonValue::Number{std::to_string(value)}}); }
  bool number_unsigned(uint64_t value) { return add(JsonValue{JsonValue::Number{std::to_string(value)}}); }
  bool number_float(double, const std::string& text) { return add(JsonValue{JsonValue::Number{text}}); }
  bool string(std::string& value) { return add(JsonValue{std::move(value)}); }
  bool binary(nlohmann::json::binary_t&) { return false; }
  bool start_object(size_t) { return open(JsonValue{JsonValue::Object{}}); }
  bool start_array(size_t) { return open(JsonValue{JsonValue::List{}}); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    if (!open_.back().keys.insert(name).second)
      return refuse(fmt::format("the key \"{}\" appears twice in one object", name));
    open_.back().key = std::move(name);
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) {
    return refuse(fmt::format("it is not JSON at byte {}", position));
  }

 private:
  struct Container {
    JsonValue value;
    std::string key;  // of the member that comes next
    std::unordered_set<std::string> keys;
  };

  bool refuse(std::string why) {
    problem_ = std::move(why);
    return false;
  }
  bool add(JsonValue value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto* object = std::get_if<JsonValue::Object>(&open_.back().value.value)) {
      object->push_back({std::move(open_.back().key), std::move(value)});
    } else {
      std::get<JsonValue::List>(open_.back().value.value).push_back(std::move(value));
    }
    return true;
  }
  bool open(JsonValue container) {
    if (open_.size() >= kDeepestDocument)
      return refuse(fmt::format("it is nested deeper than {} levels", kDeepestDocument));
    open_.push_back({std::move(container), {}, {}});
    return true;
  }
  bool close() {
    JsonValue done = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(done));
  }

  std::vector<Container> open_;
  JsonValue root_;
  std::string problem_ = "it is not JSON";
};

}  // namespace

Result<JsonValue> read_json(std::string_view text) {
  if (text.size() > kLargestDocument)
    return fail(ErrorKind::kInvalidArgument, fmt::format("it is larger than {} bytes", kLargestDocument));
  Builder builder;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder))
    return fail(ErrorKind::kInvalidArgument, builder.problem());
  return builder.take();
}

}  // namespace coffer::policy
