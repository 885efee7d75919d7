// SPDX-License-Identifier: Apache-2.0
#include "wire/ec2_query_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>

#include "base/encoding.h"
#include "wire/iso8601.h"
#include "wire/pattern.h"
#include "wire/utf8.h"

namespace coffer::wire {
namespace {

using Node = ParameterTree;

tl::unexpected<Error> refuse(std::string_view code, std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), std::string(code));
}
tl::unexpected<Error> not_recognized(std::string_view name) {
  return refuse("UnknownParameter", fmt::format("The parameter {} is not recognized", name));
}
tl::unexpected<Error> invalid_value(const Shape& shape, std::string_view value, std::string_view name,
                                    const std::string& reason) {
  constexpr size_t kLongestQuote = 1024;
  const bool quotable = !shape.sensitive && value.size() <= kLongestQuote;
  return refuse("InvalidParameterValue", fmt::format("{} for parameter {} is invalid. {}",
                                                     quotable ? fmt::format("Value ({})", value) : "Value",
                                                     lower_camel(name), reason));
}

std::optional<int64_t> read_integer(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<Value> convert_number(const Shape& shape, const std::string& text, std::string_view name) {
  if (shape.type == ShapeType::kFloat || shape.type == ShapeType::kDouble) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
      return invalid_value(shape, text, name, "Expecting a number.");
    return Value(number);
  }
  const auto integer = read_integer(text);
  const bool is_long = shape.type == ShapeType::kLong;
  if (!integer || (!is_long && (*integer < std::numeric_limits<int32_t>::min() ||
                                *integer > std::numeric_limits<int32_t>::max())))
    return invalid_value(shape, text, name, "Expecting an integer.");
  return Value(*integer);
}

Result<Value> convert_scalar(const Shape& shape, const std::string& text, std::string_view name) {
  switch (shape.type) {
    case ShapeType::kBoolean:
      if (text == "true" || text == "True" || text == "1") return Value(true);
      if (text == "false" || text == "False" || text == "0") return Value(false);
      return invalid_value(shape, text, name, "Expecting true or false.");
    case ShapeType::kInteger:
    case ShapeType::kLong:
    case ShapeType::kFloat:
    case ShapeType::kDouble:
      return convert_number(shape, text, name);
    case ShapeType::kBlob: {
      auto bytes = from_base64(text);
      if (!bytes) return invalid_value(shape, "", name, "Expecting base64.");
      return Value(std::move(*bytes));
    }
    case ShapeType::kTimestamp: {
      const auto time = parse_iso8601(text);
      if (!time) return invalid_value(shape, text, name, "Expecting an ISO 8601 timestamp.");
      return Value(*time);
    }
    default:
      return Value(text);
  }
}

// The model's constraints on one value. EC2's model has enumerations and a few bounds.
Status check(const Shape& shape, const Value& value, const std::string& text, std::string_view name) {
  std::optional<int64_t> measure;
  std::string_view what = "value";
  if (const auto* integer = value.as<int64_t>()) measure = *integer;
  if (value.as<std::string>() != nullptr) measure = static_cast<int64_t>(utf16_length(text)), what = "length";
  if (const auto* bytes = value.as<Bytes>()) measure = static_cast<int64_t>(bytes->size()), what = "length";
  if (measure && shape.max && *measure > *shape.max)
    return invalid_value(shape, text, name,
                         fmt::format("Expecting a {} less than or equal to {}.", what, *shape.max));
  if (measure && shape.min && *measure < *shape.min)
    return invalid_value(shape, text, name,
                         fmt::format("Expecting a {} greater than or equal to {}.", what, *shape.min));
  if (!shape.enumeration.empty() && std::ranges::find(shape.enumeration, text) == shape.enumeration.end())
    return invalid_value(shape, text, name,
                         fmt::format("Expecting one of: {}.", fmt::join(shape.enumeration, ", ")));
  if (value.as<std::string>() != nullptr && !shape.pattern.empty() &&
      match_pattern(shape.pattern, text) != PatternMatch::kMatches)
    return invalid_value(shape, text, name, fmt::format("Expecting text of the form {}.", shape.pattern));
  return {};
}

// Turns the tree into a Value. `path` is how the request spelt the way to the node.
class Converter {
 public:
  Result<Value> structure(const Shape& shape, const Node& node, const std::string& path) {
    if (node.value != nullptr && !node.value->empty())
      return invalid_value(shape, *node.value, path, "Expecting a structure.");
    for (const auto& [name, child] : node.children)
      if (std::ranges::find(shape.members, name, &Member::query_name) == shape.members.end())
        return not_recognized(name.substr(0, 100));
    Members members;
    for (const auto& member : shape.members) {
      const auto found = node.children.find(member.query_name);
      const std::string member_path =
          path.empty() ? std::string(member.query_name) : fmt::format("{}.{}", path, member.query_name);
      if (found == node.children.end()) {
        if (member.required)
          return refuse("MissingParameter", "The request must contain the parameter " + member_path);
        continue;
      }
      COFFER_TRY(value, convert(*member.shape, *found->second, member_path));
      members.emplace_back(member.name, std::move(value));
    }
    return Value(std::move(members));
  }

 private:
  Result<Value> convert(const Shape& shape, const Node& node, const std::string& path) {
    if (shape.type == ShapeType::kStructure) return structure(shape, node, path);
    if (shape.type == ShapeType::kList) return list(shape, node, path);
    if (!node.children.empty() || node.value == nullptr)
      return not_recognized(fmt::format("{}.{}", path, node.children.begin()->first.substr(0, 100)));
    // No shape of EC2's inputs is a map, and the protocol defines none.
    if (shape.type == ShapeType::kMap) return not_recognized(path);
    COFFER_TRY(value, convert_scalar(shape, *node.value, path));
    COFFER_CHECK(check(shape, value, *node.value, path));
    return value;
  }

  Result<Value> list(const Shape& shape, const Node& node, const std::string& path) {
    if (node.value != nullptr && !node.value->empty())
      return invalid_value(shape, *node.value, path, "Expecting a list.");
    std::map<int64_t, const Node*> in_order;
    for (const auto& [index, child] : node.children) {
      const auto number = read_integer(index);
      const bool canonical = number && *number >= 0 && (index.size() == 1 || index.front() != '0');
      if (!canonical) return not_recognized(fmt::format("{}.{}", path, index.substr(0, 100)));
      in_order[*number] = child.get();
    }
    List elements;
    elements.reserve(in_order.size());
    for (const auto& [index, child] : in_order) {
      COFFER_TRY(value, convert(*shape.element, *child, fmt::format("{}.{}", path, index)));
      elements.push_back(std::move(value));
    }
    return Value(std::move(elements));
  }
};

}  // namespace

Result<Value> parse_ec2_query(const Shape& input, const FormParameters& parameters) {
  COFFER_TRY(root, parameter_tree(parameters));
  return Converter().structure(input, root, "");
}

}  // namespace coffer::wire
