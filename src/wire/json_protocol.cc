// SPDX-License-Identifier: Apache-2.0
#include "wire/json_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/encoding.h"
#include "wire/json_text.h"

namespace coffer::wire {
namespace {

constexpr size_t kUsualAnswer = 512;  // bytes; only so that most need room once

tl::unexpected<Error> serialization_error(std::string message = {}) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "SerializationException");
}

// A container where the shape wants something else.
std::optional<std::string> misplaced_container(const Value& json) {
  if (json.as<List>() != nullptr) return "Start of list found where not expected";
  if (json.as<Members>() != nullptr) return "Start of structure or map found where not expected.";
  return std::nullopt;
}

tl::unexpected<Error> not_convertible(const Value& json, std::string_view target) {
  if (auto message = misplaced_container(json)) return serialization_error(*message);
  std::string_view found = "NUMBER_VALUE";
  if (json.as<std::string>() != nullptr) found = "STRING_VALUE";
  if (const auto* boolean = json.as<bool>()) found = *boolean ? "TRUE_VALUE" : "FALSE_VALUE";
  return serialization_error(fmt::format("{} can not be converted to {}", found, target));
}

std::optional<double> number_of(const Value& json) {
  if (const auto* integer = json.as<int64_t>()) return static_cast<double>(*integer);
  if (const auto* number = json.as<double>()) return *number;
  return std::nullopt;
}

// Fractions are cut off, as AWS does. What an Integer cannot hold passes where the shape's own bounds will
// refuse it.
Result<Value> convert_integer(const Shape& shape, const Value& json) {
  const bool is_long = shape.type == ShapeType::kLong;
  const std::string_view target = is_long ? "a Long" : "an Integer";
  int64_t integer = 0;
  if (const auto* whole = json.as<int64_t>()) {
    integer = *whole;
  } else if (const auto* number = json.as<double>(); number != nullptr && std::abs(*number) < 9.2e18) {
    integer = static_cast<int64_t>(*number);
  } else {
    return not_convertible(json, target);
  }
  const bool fits =
      integer >= std::numeric_limits<int32_t>::min() && integer <= std::numeric_limits<int32_t>::max();
  if (!is_long && !fits && !(shape.min && shape.max)) return not_convertible(json, target);
  return Value(integer);
}

Result<Value> convert_timestamp(const Value& json) {
  constexpr double kFarthest = 9.2e12;  // seconds; a Timestamp counts microseconds
  const auto seconds = number_of(json);
  if (!seconds || !(std::abs(*seconds) < kFarthest)) return not_convertible(json, "a Timestamp");
  return Value(Timestamp{static_cast<int64_t>(std::llround(*seconds * 1e6))});
}

Result<Value> convert_blob(const Value& json) {
  const auto* text = json.as<std::string>();
  if (text == nullptr) return not_convertible(json, "a Blob");
  auto bytes = from_base64(*text);
  if (!bytes) return serialization_error("Blob is not valid base64");
  return Value(std::move(*bytes));
}

Result<Value> convert(const Shape& shape, Value& json);

Result<Value> convert_list(const Shape& shape, Value& json) {
  auto* elements = json.as<List>();
  if (elements == nullptr)
    return serialization_error(misplaced_container(json).value_or("Expected list or null"));
  List list;
  list.reserve(elements->size());
  for (auto& element : *elements) {
    if (element.absent()) continue;
    COFFER_TRY(value, convert(*shape.element, element));
    list.push_back(std::move(value));
  }
  return Value(std::move(list));
}

Result<Value> convert_map(const Shape& shape, Value& json) {
  auto* object = json.as<Members>();
  if (object == nullptr)
    return serialization_error(misplaced_container(json).value_or("Expected map or null"));
  // By name, so that the last of a repeated name counts and the order of the names on the wire does not.
  std::map<std::string_view, Value*> last;
  for (auto& [name, value] : *object) last[name] = &value;
  Members members;
  members.reserve(last.size());
  for (const auto& [name, value] : last) {
    if (value->absent()) continue;
    COFFER_TRY(converted, convert(*shape.element, *value));
    members.emplace_back(name, std::move(converted));
  }
  return Value(std::move(members));
}

// Of a repeated name the last counts.
Value* last_of_name(Members& object, std::string_view name) {
  const auto found =
      std::find_if(object.rbegin(), object.rend(), [&](const auto& member) { return member.first == name; });
  return found == object.rend() ? nullptr : &found->second;
}

Result<Value> convert_structure(const Shape& shape, Value& json) {
  auto* object = json.as<Members>();
  if (object == nullptr) return serialization_error(misplaced_container(json).value_or("Expected null"));
  Members members;
  members.reserve(std::min(object->size(), shape.members.size()));
  for (const auto& member : shape.members) {
    if (member.location != Location::kBody) continue;
    Value* found = last_of_name(*object, member.location_name);
    if (found == nullptr || found->absent()) continue;
    COFFER_TRY(converted, convert(*member.shape, *found));
    members.emplace_back(member.name, std::move(converted));
  }
  return Value(std::move(members));
}

// Takes out of `json` what it can use as it is.
Result<Value> convert(const Shape& shape, Value& json) {
  switch (shape.type) {
    case ShapeType::kStructure:
      return convert_structure(shape, json);
    case ShapeType::kList:
      return convert_list(shape, json);
    case ShapeType::kMap:
      return convert_map(shape, json);
    case ShapeType::kString:
      if (json.as<std::string>() == nullptr) return not_convertible(json, "a String");
      return std::move(json);
    case ShapeType::kBoolean:
      if (json.as<bool>() == nullptr) return not_convertible(json, "an Boolean");  // AWS's own grammar
      return json;
    case ShapeType::kInteger:
    case ShapeType::kLong:
      return convert_integer(shape, json);
    case ShapeType::kFloat:
    case ShapeType::kDouble: {
      const auto number = number_of(json);
      if (!number) return not_convertible(json, shape.type == ShapeType::kFloat ? "a Float" : "a Double");
      return Value(*number);
    }
    case ShapeType::kBlob:
      return convert_blob(json);
    case ShapeType::kTimestamp:
      return convert_timestamp(json);
  }
  return serialization_error();
}

void write(std::string& out, const Shape& shape, const Value& value);

void write_structure(std::string& out, const Shape& shape, const Members& members) {
  out.push_back('{');
  bool first = true;
  for (const auto& [name, value] : members) {
    const auto* member = shape.find_member(name);
    if (member == nullptr || member->location != Location::kBody || value.absent()) continue;
    if (!std::exchange(first, false)) out.push_back(',');
    append_json_string(out, member->location_name);
    out.push_back(':');
    write(out, *member->shape, value);
  }
  out.push_back('}');
}

void write_map(std::string& out, const Shape& shape, const Members& members) {
  out.push_back('{');
  bool first = true;
  for (const auto& [key, value] : members) {
    if (!std::exchange(first, false)) out.push_back(',');
    append_json_string(out, key);
    out.push_back(':');
    write(out, *shape.element, value);
  }
  out.push_back('}');
}

void write_list(std::string& out, const Shape& shape, const List& list) {
  out.push_back('[');
  bool first = true;
  for (const auto& element : list) {
    if (!std::exchange(first, false)) out.push_back(',');
    write(out, *shape.element, element);
  }
  out.push_back(']');
}

void write(std::string& out, const Shape& shape, const Value& value) {
  if (const auto* members = value.as<Members>()) {
    if (shape.type == ShapeType::kStructure) return write_structure(out, shape, *members);
    if (shape.type == ShapeType::kMap) return write_map(out, shape, *members);
  }
  if (const auto* list = value.as<List>(); list != nullptr && shape.type == ShapeType::kList)
    return write_list(out, shape, *list);
  if (const auto* boolean = value.as<bool>())
    out += *boolean ? "true" : "false";
  else if (const auto* integer = value.as<int64_t>())
    out += std::to_string(*integer);
  else if (const auto* number = value.as<double>())
    append_json_number(out, *number);
  else if (const auto* text = value.as<std::string>())
    append_json_string(out, *text);
  else if (const auto* bytes = value.as<Bytes>())
    append_json_string(out, base64(*bytes));
  else if (const auto* time = value.as<Timestamp>())
    append_json_timestamp(out, *time);
  else
    out += "null";
}

}  // namespace

Result<Value> parse_json(const Shape& input, std::string_view body) {
  if (body.size() > kLargestJsonBody) return serialization_error();
  auto json = read_json(body, kDeepestJson);
  if (!json) return serialization_error();
  if (json->as<List>() == nullptr && json->as<Members>() == nullptr) return serialization_error();
  return convert_structure(input, *json);
}

std::string serialise_json(const Shape* output, const Value& value) {
  std::string out;
  if (output == nullptr) return out;
  static const Members kNone;
  const auto* members = value.as<Members>();
  out.reserve(kUsualAnswer);
  write_structure(out, *output, members == nullptr ? kNone : *members);
  return out;
}

std::string json_error_body(const Error& error) {
  std::string out = "{\"__type\":";
  append_json_string(out, error.code);
  if (!error.message.empty()) {
    out += ",\"message\":";
    append_json_string(out, error.message);
  }
  for (const auto& [name, text] : error.members) {
    out.push_back(',');
    append_json_string(out, name);
    out.push_back(':');
    append_json_string(out, text);
  }
  out.push_back('}');
  return out;
}

}  // namespace coffer::wire
