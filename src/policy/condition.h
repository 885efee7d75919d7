// SPDX-License-Identifier: Apache-2.0
// The Condition element: read once, then asked of each request.
// Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Conditions with multiple
// context keys or values". Pure functions, thread-safe.
//
// Of an absent key hold: negated operators, those with IfExists, ForAllValues, and Null with "true". A key
// that is there without a value, or with empty ones alone, is null too: Null and ForAllValues hold,
// ForAnyValue does not, even if negated; a plain operator compares the empty text. Of a key with several
// values, which a plain operator is not made for, an Allow's operator has to hold for all, a Deny's for one.
// A value that is not of the operator's kind (a word for a number) equals nothing, so the negated operator
// holds.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "policy/context.h"
#include "policy/json.h"
#include "policy/operand.h"
#include "policy/text.h"

namespace coffer::policy {

enum class Comparison {
  kString,
  kStringIgnoringCase,
  kStringLike,
  kNumber,
  kDate,
  kBoolean,
  kBinary,
  kIpAddress,
  kArn,
  kNull,
};
enum class Order { kEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };
enum class Quantifier { kNone, kForAllValues, kForAnyValue };

enum class Effect { kAllow, kDeny };

struct Condition {
  // What the policy compares with: a text, a number, a date, a Boolean (Null's), a network, or bytes.
  using Operand = std::variant<Text, double, Timestamp, bool, Network, std::vector<uint8_t>>;

  Quantifier quantifier = Quantifier::kNone;
  Comparison comparison = Comparison::kString;
  Order order = Order::kEqual;
  bool negated = false;
  bool if_exists = false;
  std::string operator_name;  // "ForAnyValue:StringLikeIfExists"
  std::string key;            // as written
  std::string lower_case_key;
  std::vector<Operand> operands;     // one of them has to match; of a negated operator, none
  std::vector<std::string> written;  // the same as the policy has them, for explanations
};

// {"OPERATOR": {"KEY": VALUE or [VALUE...]}}; `variables` as read_text wants it. kInvalidArgument, naming the
// operator and key, for what is no condition.
Result<std::vector<Condition>> read_conditions(const JsonValue& json, bool variables);

// In a statement of that effect.
bool holds(const Condition& condition, Effect effect, const Context& context);

}  // namespace coffer::policy
