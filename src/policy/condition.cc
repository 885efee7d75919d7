// SPDX-License-Identifier: Apache-2.0
#include "policy/condition.h"

#include <algorithm>

#include "base/bytes.h"
#include "policy/match.h"

namespace coffer::policy {
namespace {

template <class Number>
bool in_order(Order order, Number value, Number operand) {
  switch (order) {
    case Order::kEqual:
      return value == operand;
    case Order::kLess:
      return value < operand;
    case Order::kLessOrEqual:
      return value <= operand;
    case Order::kGreater:
      return value > operand;
    case Order::kGreaterOrEqual:
      return value >= operand;
  }
  return false;
}

bool text_matches(Comparison comparison, const Text& operand, std::string_view value,
                  const Context& context) {
  std::string buffer;
  const auto pattern = expand(operand, context, buffer, comparison == Comparison::kArn);
  if (!pattern) return false;
  switch (comparison) {
    case Comparison::kString:
      return *pattern == value;
    case Comparison::kStringIgnoringCase:
    case Comparison::kBoolean:
      return equals_ignoring_case(*pattern, value);
    case Comparison::kStringLike:
      return matches(*pattern, value);
    case Comparison::kArn:
      return matches_arn(*pattern, value);
    default:
      return false;
  }
}

// Does the request's value match this one of the policy's, leaving negation aside?
bool operand_matches(const Condition& condition, const Condition::Operand& operand, std::string_view value,
                     const Context& context) {
  switch (condition.comparison) {
    case Comparison::kNumber: {
      const auto number = read_number(value);
      return number && in_order(condition.order, *number, std::get<double>(operand));
    }
    case Comparison::kDate: {
      const auto date = read_date(value);
      return date && in_order(condition.order, date->microseconds, std::get<Timestamp>(operand).microseconds);
    }
    case Comparison::kBinary: {
      const auto bytes = as_bytes(value);
      const auto& wanted = std::get<std::vector<uint8_t>>(operand);
      return std::equal(bytes.begin(), bytes.end(), wanted.begin(), wanted.end());
    }
    case Comparison::kIpAddress: {
      const auto address = read_network(value);
      return address && std::get<Network>(operand).contains(*address);
    }
    case Comparison::kNull:
      return false;
    default:
      return text_matches(condition.comparison, std::get<Text>(operand), value, context);
  }
}

// Does the operator, negated or not, hold for this one value?
bool value_holds(const Condition& condition, std::string_view value, const Context& context) {
  const auto& operands = condition.operands;
  const bool matched = std::any_of(operands.begin(), operands.end(), [&](const auto& operand) {
    return operand_matches(condition, operand, value, context);
  });
  return matched != condition.negated;
}

template <class Fits>
bool all_fit(const Context::ValueRange& values, Fits fits) {
  for (const std::string_view value : values)
    if (!fits(value)) return false;
  return true;
}
template <class Fits>
bool any_fits(const Context::ValueRange& values, Fits fits) {
  return !all_fit(values, [&](std::string_view value) { return !fits(value); });
}

bool is_null(const std::optional<Context::ValueRange>& values) {
  return !values || all_fit(*values, [](std::string_view value) { return value.empty(); });
}

bool null_holds(const Condition& condition, bool null) {
  const auto& operands = condition.operands;
  return std::any_of(operands.begin(), operands.end(),
                     [&](const auto& operand) { return std::get<bool>(operand) == null; });
}

}  // namespace

bool holds(const Condition& condition, Effect effect, const Context& context) {
  const auto values = context.find(condition.lower_case_key);
  if (condition.comparison == Comparison::kNull) return null_holds(condition, is_null(values));
  if (!values && condition.if_exists) return true;
  const auto value_is_fine = [&](std::string_view value) { return value_holds(condition, value, context); };
  switch (condition.quantifier) {
    case Quantifier::kForAllValues:
      return is_null(values) || all_fit(*values, value_is_fine);
    case Quantifier::kForAnyValue:
      return !is_null(values) && any_fits(*values, value_is_fine);
    case Quantifier::kNone:
      break;
  }
  if (!values) return condition.negated;
  if (values->begin() == values->end()) return condition.negated;
  // A key of several values wants a quantifier. Without one nobody gains by a further value: two spellings of
  // a tag's name or of a name in an encryption context are one key.
  return effect == Effect::kAllow ? all_fit(*values, value_is_fine) : any_fits(*values, value_is_fine);
}

}  // namespace coffer::policy
