// SPDX-License-Identifier: Apache-2.0
#include "wire/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "wire/pattern.h"
#include "wire/utf8.h"

namespace coffer::wire {
namespace {

constexpr size_t kLongestQuote = 1024;
constexpr size_t kMostViolations = 100;

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

// A value as Java would print it.
std::string printed(const Shape& shape, const Value& value) {
  if (const auto* text = value.as<std::string>()) return *text;
  if (const auto* integer = value.as<int64_t>()) return std::to_string(*integer);
  if (const auto* number = value.as<double>()) return fmt::format("{}", *number);
  if (const auto* boolean = value.as<bool>()) return *boolean ? "true" : "false";
  if (const auto* bytes = value.as<Bytes>())
    return fmt::format("java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", bytes->size());
  std::vector<std::string> parts;
  size_t length = 0;
  if (const auto* list = value.as<List>(); list != nullptr && shape.element != nullptr) {
    for (const auto& element : *list) {
      if (length > kLongestQuote) break;
      length += parts.emplace_back(printed(*shape.element, element)).size();
    }
    return "[" + join(parts, ", ") + "]";
  }
  if (const auto* members = value.as<Members>(); members != nullptr && shape.element != nullptr) {
    for (const auto& [key, element] : *members) {
      if (length > kLongestQuote) break;
      length += parts.emplace_back(key + "=" + printed(*shape.element, element)).size();
    }
    return "{" + join(parts, ", ") + "}";
  }
  return "";
}

bool hides(const Shape& shape) {
  if (shape.sensitive) return true;
  if (shape.type == ShapeType::kList)
    return hides(*shape.element) || shape.element->type == ShapeType::kStructure;
  if (shape.type == ShapeType::kMap)
    return hides(*shape.key) || hides(*shape.element) || shape.element->type == ShapeType::kStructure;
  return shape.type == ShapeType::kStructure;
}

std::string quoted(const Shape& shape, const Value& value) {
  if (hides(shape)) return "Value";
  std::string text = printed(shape, value);
  if (text.size() > kLongestQuote) {
    size_t end = kLongestQuote;
    while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end) + "...";
  }
  return "Value '" + text + "'";
}

std::optional<size_t> length_of(const Value& value) {
  if (const auto* text = value.as<std::string>()) return utf16_length(*text);
  if (const auto* bytes = value.as<Bytes>()) return bytes->size();
  if (const auto* list = value.as<List>()) return list->size();
  if (const auto* members = value.as<Members>()) return members->size();
  return std::nullopt;
}

std::string too_large(const Shape& shape, std::string_view measure) {
  return fmt::format("Member must have {} less than or equal to {}", measure, *shape.max);
}
std::string too_small(const Shape& shape, std::string_view measure) {
  return fmt::format("Member must have {} greater than or equal to {}", measure, *shape.min);
}
std::string off_pattern(const Shape& shape) {
  return fmt::format("Member must satisfy regular expression pattern: {}", shape.pattern);
}
std::string off_enumeration(const Shape& shape) {
  return fmt::format("Member must satisfy enum value set: [{}]", fmt::join(shape.enumeration, ", "));
}

// What the value itself (not what it contains) fails to satisfy.
std::vector<std::string> violations_of(const Shape& shape, const Value& value) {
  std::vector<std::string> violations;
  if (const auto length = length_of(value); length && shape.type != ShapeType::kStructure) {
    if (shape.max && static_cast<int64_t>(*length) > *shape.max)
      violations.push_back(too_large(shape, "length"));
    if (shape.min && static_cast<int64_t>(*length) < *shape.min)
      violations.push_back(too_small(shape, "length"));
  }
  const auto check_range = [&](auto number) {
    if (shape.max && number > static_cast<decltype(number)>(*shape.max))
      violations.push_back(too_large(shape, "value"));
    if (shape.min && number < static_cast<decltype(number)>(*shape.min))
      violations.push_back(too_small(shape, "value"));
  };
  if (const auto* integer = value.as<int64_t>()) check_range(*integer);
  if (const auto* number = value.as<double>()) check_range(*number);
  if (const auto* text = value.as<std::string>()) {
    // A text that is too long is not put through the pattern: it is refused anyway.
    if (violations.empty() && !shape.pattern.empty() &&
        match_pattern(shape.pattern, *text) != PatternMatch::kMatches)
      violations.push_back(off_pattern(shape));
    if (!shape.enumeration.empty() && std::ranges::find(shape.enumeration, *text) == shape.enumeration.end())
      violations.push_back(off_enumeration(shape));
  }
  return violations;
}

// Every constraint of a shape, satisfied or not: AWS lists them all when an element of a list or map fails
// one.
std::vector<std::string> constraints_of(const Shape& shape) {
  std::vector<std::string> constraints;
  const bool number = shape.type == ShapeType::kInteger || shape.type == ShapeType::kLong ||
                      shape.type == ShapeType::kFloat || shape.type == ShapeType::kDouble;
  const std::string_view measure = number ? "value" : "length";
  if (shape.max) constraints.push_back(too_large(shape, measure));
  if (shape.min) constraints.push_back(too_small(shape, measure));
  if (!shape.pattern.empty()) constraints.push_back(off_pattern(shape));
  if (!shape.enumeration.empty()) constraints.push_back(off_enumeration(shape));
  return constraints;
}

class Validator {
 public:
  void check_structure(const Shape& shape, const Value& value, const std::string& path) {
    for (const auto& member : shape.members) {
      const auto* held = value.member(member.name);
      const bool present = held != nullptr && !held->absent();
      if (!present && !member.required) continue;
      const auto member_path = path + lower_camel(member.name);
      if (present)
        check(*member.shape, *held, member_path);
      else
        report("Value null", member_path, "Member must not be null");
    }
  }

  Status result() const {
    if (violations_.empty()) return {};
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("{} validation error{} detected: {}", violations_.size(),
                            violations_.size() == 1 ? "" : "s", join(violations_, "; ")),
                "ValidationException");
  }

 private:
  void report(const std::string& value, const std::string& path, const std::string& constraint) {
    if (violations_.size() < kMostViolations)
      violations_.push_back(
          fmt::format("{} at '{}' failed to satisfy constraint: {}", value, path, constraint));
  }

  void check(const Shape& shape, const Value& value, const std::string& path) {
    for (const auto& violation : violations_of(shape, value)) report(quoted(shape, value), path, violation);
    if (shape.type == ShapeType::kStructure) check_structure(shape, value, path + ".");
    if (const auto* list = value.as<List>(); list != nullptr && shape.type == ShapeType::kList)
      check_list(shape, value, *list, path);
    if (const auto* members = value.as<Members>(); members != nullptr && shape.type == ShapeType::kMap)
      check_map(shape, value, *members, path);
  }

  // Elements that have members of their own are named one by one; of plain ones AWS names the list.
  void check_list(const Shape& shape, const Value& value, const List& list, const std::string& path) {
    const auto type = shape.element->type;
    if (type == ShapeType::kStructure || type == ShapeType::kList || type == ShapeType::kMap) {
      for (size_t at = 0; at < list.size(); ++at)
        check(*shape.element, list[at], fmt::format("{}.{}.member", path, at + 1));
      return;
    }
    const bool sound = std::ranges::all_of(
        list, [&](const Value& element) { return violations_of(*shape.element, element).empty(); });
    if (!sound)
      report(quoted(shape, value), path,
             "Member must satisfy constraint: [" + join(constraints_of(*shape.element), ", ") + "]");
  }

  void check_map(const Shape& shape, const Value& value, const Members& members, const std::string& path) {
    const bool keys_sound = std::ranges::all_of(
        members, [&](const auto& member) { return violations_of(*shape.key, Value(member.first)).empty(); });
    if (!keys_sound)
      report(quoted(shape, value), path,
             "Map keys must satisfy constraint: [" + join(constraints_of(*shape.key), ", ") + "]");
    const bool values_sound = std::ranges::all_of(
        members, [&](const auto& member) { return violations_of(*shape.element, member.second).empty(); });
    if (!values_sound)
      report(quoted(shape, value), path,
             "Map value must satisfy constraint: [" + join(constraints_of(*shape.element), ", ") + "]");
    if (shape.element->type == ShapeType::kStructure)
      for (const auto& [key, element] : members)
        check_structure(*shape.element, element, fmt::format("{}.{}.member.", path, key));
  }

  std::vector<std::string> violations_;
};

// A structure, or a list or map of them.
bool has_members(const Shape& shape) {
  const Shape& held = shape.element == nullptr ? shape : *shape.element;
  return held.type == ShapeType::kStructure;
}

void collect_missing(const Shape& shape, const Value& value, const std::string& path,
                     std::vector<std::string>& missing) {
  for (const auto& member : shape.members) {
    const auto* held = value.member(member.name);
    const bool present = held != nullptr && !held->absent();
    if (present ? !has_members(*member.shape) : !member.required) continue;
    const auto member_path = path + lower_camel(member.name);
    if (!present) {
      missing.push_back(member_path);
      continue;
    }
    if (member.shape->type == ShapeType::kStructure)
      collect_missing(*member.shape, *held, member_path + ".", missing);
    if (member.shape->element == nullptr || member.shape->element->type != ShapeType::kStructure) continue;
    if (const auto* list = held->as<List>())
      for (size_t at = 0; at < list->size(); ++at)
        collect_missing(*member.shape->element, (*list)[at], fmt::format("{}.{}.", member_path, at + 1),
                        missing);
    if (const auto* members = held->as<Members>())
      for (const auto& [key, element] : *members)
        collect_missing(*member.shape->element, element, fmt::format("{}.{}.", member_path, key), missing);
  }
}

}  // namespace

Status validate(const Shape& input, const Value& value) {
  Validator validator;
  validator.check_structure(input, value, "");
  return validator.result();
}

std::vector<std::string> missing_members(const Shape& output, const Value& value) {
  std::vector<std::string> missing;
  collect_missing(output, value, "", missing);
  return missing;
}

}  // namespace coffer::wire
