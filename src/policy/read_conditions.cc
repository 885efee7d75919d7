// SPDX-License-Identifier: Apache-2.0
// Reading the Condition element: names of operators and the values of each kind.
#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/encoding.h"
#include "policy/condition.h"
#include "policy/match.h"

namespace coffer::policy {
namespace {

struct Operator {
  std::string_view name;
  Comparison comparison;
  Order order = Order::kEqual;
  bool negated = false;
};

constexpr std::array kOperators{
    Operator{"StringEquals", Comparison::kString},
    Operator{"StringNotEquals", Comparison::kString, Order::kEqual, true},
    Operator{"StringEqualsIgnoreCase", Comparison::kStringIgnoringCase},
    Operator{"StringNotEqualsIgnoreCase", Comparison::kStringIgnoringCase, Order::kEqual, true},
    Operator{"StringLike", Comparison::kStringLike},
    Operator{"StringNotLike", Comparison::kStringLike, Order::kEqual, true},
    Operator{"NumericEquals", Comparison::kNumber},
    Operator{"NumericNotEquals", Comparison::kNumber, Order::kEqual, true},
    Operator{"NumericLessThan", Comparison::kNumber, Order::kLess},
    Operator{"NumericLessThanEquals", Comparison::kNumber, Order::kLessOrEqual},
    Operator{"NumericGreaterThan", Comparison::kNumber, Order::kGreater},
    Operator{"NumericGreaterThanEquals", Comparison::kNumber, Order::kGreaterOrEqual},
    Operator{"DateEquals", Comparison::kDate},
    Operator{"DateNotEquals", Comparison::kDate, Order::kEqual, true},
    Operator{"DateLessThan", Comparison::kDate, Order::kLess},
    Operator{"DateLessThanEquals", Comparison::kDate, Order::kLessOrEqual},
    Operator{"DateGreaterThan", Comparison::kDate, Order::kGreater},
    Operator{"DateGreaterThanEquals", Comparison::kDate, Order::kGreaterOrEqual},
    Operator{"Bool", Comparison::kBoolean},
    Operator{"BinaryEquals", Comparison::kBinary},
    Operator{"IpAddress", Comparison::kIpAddress},
    Operator{"NotIpAddress", Comparison::kIpAddress, Order::kEqual, true},
    Operator{"ArnEquals", Comparison::kArn},
    Operator{"ArnLike", Comparison::kArn},
    Operator{"ArnNotEquals", Comparison::kArn, Order::kEqual, true},
    Operator{"ArnNotLike", Comparison::kArn, Order::kEqual, true},
    Operator{"Null", Comparison::kNull},
};

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// What "ForAnyValue:StringLikeIfExists" says of each condition under it; nothing when there is no such
// operator.
std::optional<Condition> read_operator(std::string_view name) {
  Condition condition;
  condition.operator_name = name;
  if (take_prefix(name, "ForAllValues:"))
    condition.quantifier = Quantifier::kForAllValues;
  else if (take_prefix(name, "ForAnyValue:"))
    condition.quantifier = Quantifier::kForAnyValue;
  condition.if_exists = take_suffix(name, "IfExists");
  for (const auto& known : kOperators) {
    if (known.name != name) continue;
    condition.comparison = known.comparison;
    condition.order = known.order;
    condition.negated = known.negated;
    const bool qualified = condition.if_exists || condition.quantifier != Quantifier::kNone;
    if (known.comparison == Comparison::kNull && qualified) return std::nullopt;
    return condition;
  }
  return std::nullopt;
}

// Grammar: quotation marks are optional for numbers and Booleans.
std::optional<std::string> scalar(const JsonValue& json) {
  if (const auto* text = json.as<std::string>()) return *text;
  if (const auto* number = json.as<JsonValue::Number>()) return number->text;
  if (const auto* boolean = json.as<bool>()) return *boolean ? "true" : "false";
  return std::nullopt;
}

template <class Value>
Result<Condition::Operand> operand_of(std::optional<Value> value, std::string_view kind) {
  if (!value) return fail(ErrorKind::kInvalidArgument, fmt::format("is not {}", kind));
  return Condition::Operand(std::move(*value));
}

Result<Condition::Operand> text_operand(const std::string& text, Wildcards wildcards, bool variables) {
  COFFER_TRY(operand, read_text(text, wildcards, variables));
  return Condition::Operand(std::move(operand));
}

Result<Condition::Operand> read_operand(Comparison comparison, const std::string& text, bool variables) {
  switch (comparison) {
    case Comparison::kString:
    case Comparison::kStringIgnoringCase:
      return text_operand(text, Wildcards::kNone, variables);
    case Comparison::kStringLike:
    case Comparison::kArn:
      return text_operand(text, Wildcards::kAnywhere, variables);
    case Comparison::kBoolean:
      if (!read_boolean(text) && !(variables && text.find("${") != std::string::npos))
        return fail(ErrorKind::kInvalidArgument, "is neither true nor false");
      return text_operand(text, Wildcards::kNone, variables);
    case Comparison::kNumber:
      return operand_of(read_number(text), "a number");
    case Comparison::kDate:
      return operand_of(read_date(text), "a date");
    case Comparison::kBinary:
      return operand_of(from_base64(text), "base64");
    case Comparison::kIpAddress:
      return operand_of(read_network(text), "an IP address or a range of them");
    case Comparison::kNull:
      return operand_of(read_boolean(text), "true or false");
  }
  return fail(ErrorKind::kInternal, "no such comparison");
}

Status add_operand(Condition& condition, const JsonValue& json, bool variables) {
  const auto text = scalar(json);
  if (!text)
    return fail(ErrorKind::kInvalidArgument, fmt::format("a value of {} for {} is no text, number or Boolean",
                                                         condition.operator_name, condition.key));
  auto operand = read_operand(condition.comparison, *text, variables);
  if (!operand)
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("the value \"{}\" of {} for {}: {}", *text, condition.operator_name,
                            condition.key, operand.error().message));
  condition.operands.push_back(std::move(*operand));
  condition.written.push_back(*text);
  return {};
}

}  // namespace

Result<std::vector<Condition>> read_conditions(const JsonValue& json, bool variables) {
  const auto* operators = json.as<JsonValue::Object>();
  if (operators == nullptr) return fail(ErrorKind::kInvalidArgument, "Condition is not an object");
  std::vector<Condition> conditions;
  for (const auto& member : *operators) {
    const auto known = read_operator(member.key);
    if (!known)
      return fail(ErrorKind::kInvalidArgument, fmt::format("there is no condition operator {}", member.key));
    const auto* keys = member.value.as<JsonValue::Object>();
    if (keys == nullptr)
      return fail(ErrorKind::kInvalidArgument, fmt::format("{} is not an object", member.key));
    for (const auto& entry : *keys) {
      Condition condition = *known;
      condition.key = entry.key;
      condition.lower_case_key = to_lower(entry.key);
      if (const auto* list = entry.value.as<JsonValue::List>()) {
        for (const auto& value : *list) COFFER_CHECK(add_operand(condition, value, variables));
      } else {
        COFFER_CHECK(add_operand(condition, entry.value, variables));
      }
      conditions.push_back(std::move(condition));
    }
  }
  return conditions;
}

}  // namespace coffer::policy
