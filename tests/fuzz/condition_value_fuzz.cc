// SPDX-License-Identifier: Apache-2.0
// Covers the values of conditions: how each operator reads what a policy compares with, and how it compares
// it with what a request has. The input is lines: a letter for the kind of operator and one for what is
// special about the case, then the policy's values (one, two or three) and the request's (as many at most).
// Claims: a value is refused with the cause, or read and then equal to itself; a negated operator is the
// opposite; IfExists, ForAllValues and ForAnyValue are what they say of single values; several values of a
// policy are alternatives; numbers, dates, addresses, base64, wildcards and variables agree with second
// readings of them.

// Links: coffer_policy coffer_base
#include <algorithm>
#include <array>
#include <cmath>

#include "base/bytes.h"
#include "base/encoding.h"
#include "policy/condition.h"
#include "policy/match.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/independent_values.h"
#include "tests/fuzz/naive_match.h"

namespace {

using namespace coffer;
using policy::Condition;
using policy::Context;

constexpr const char* kKey = "aws:Fuzzed";
constexpr size_t kLongest = 200;
constexpr size_t kMostValues = 3;

struct Kind {
  const char* name;
  const char* opposite;  // empty where there is none
  enum { kText, kTextIgnoringCase, kLike, kNumber, kDate, kBoolean, kBinary, kAddress, kArn } is;
};
constexpr std::array kKinds{
    Kind{"StringEquals", "StringNotEquals", Kind::kText},
    Kind{"StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", Kind::kTextIgnoringCase},
    Kind{"StringLike", "StringNotLike", Kind::kLike},
    Kind{"NumericEquals", "NumericNotEquals", Kind::kNumber},
    Kind{"DateEquals", "DateNotEquals", Kind::kDate},
    Kind{"Bool", "", Kind::kBoolean},
    Kind{"BinaryEquals", "", Kind::kBinary},
    Kind{"IpAddress", "NotIpAddress", Kind::kAddress},
    Kind{"ArnLike", "ArnNotLike", Kind::kArn},
    Kind{"ArnEquals", "ArnNotEquals", Kind::kArn},
};

struct Input {
  const Kind* kind = nullptr;
  bool variables = false;
  std::vector<std::string> operands;
  Context::Values values;
};

std::string take_line(std::string_view& rest) {
  const size_t end = std::min(rest.find('\n'), rest.size());
  std::string line(rest.substr(0, std::min(end, kLongest)));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

Input read_input(std::string_view rest) {
  Input input;
  const std::string head = take_line(rest);
  const auto letter = [&](size_t at) { return at < head.size() ? static_cast<uint8_t>(head[at]) - 'A' : 0U; };
  input.kind = &kKinds[letter(0) % kKinds.size()];
  input.variables = (letter(1) & 1) != 0;
  const size_t operands = 1 + (letter(1) >> 1) % kMostValues;
  for (size_t i = 0; i < operands; ++i) input.operands.push_back(take_line(rest));
  while (!rest.empty() && input.values.size() < kMostValues) input.values.push_back(take_line(rest));
  return input;
}

// {NAME: {"aws:Fuzzed": [OPERANDS]}}
Result<Condition> read(const std::string& name, const std::vector<std::string>& operands, bool variables) {
  policy::JsonValue::List list;
  for (const auto& operand : operands) list.push_back({operand});
  policy::JsonValue::Object key{{kKey, {std::move(list)}}};
  policy::JsonValue json;
  json.value = policy::JsonValue::Object{{name, {std::move(key)}}};
  auto read = policy::read_conditions(json, variables);
  if (!read) return tl::unexpected(read.error());
  FUZZ_CHECK(read->size() == 1 && read->front().written == operands);
  return std::move(read->front());
}

// What the operator is called decides these; the values play no part in it, so it is asked once.
void check_name(const Kind& kind, const std::string& name, bool negated) {
  for (const auto& [prefix, quantifier] : {std::pair{"", policy::Quantifier::kNone},
                                           std::pair{"ForAllValues:", policy::Quantifier::kForAllValues},
                                           std::pair{"ForAnyValue:", policy::Quantifier::kForAnyValue}})
    for (const std::string suffix : {"", "IfExists"}) {
      const auto condition = read(prefix + name + suffix, {}, false), plain = read(kind.name, {}, false);
      FUZZ_CHECK(condition && plain && condition->comparison == plain->comparison);
      FUZZ_CHECK(condition->quantifier == quantifier && condition->order == plain->order);
      FUZZ_CHECK(condition->if_exists == !suffix.empty() && condition->negated == negated);
    }
}

bool check_names() {
  for (const auto& kind : kKinds) {
    check_name(kind, kind.name, false);
    if (kind.opposite[0] != '\0') check_name(kind, kind.opposite, true);
  }
  for (const std::string start : {"Numeric", "Date"}) {
    FUZZ_CHECK(read(start + "LessThan", {}, false)->order == policy::Order::kLess);
    FUZZ_CHECK(read(start + "LessThanEquals", {}, false)->order == policy::Order::kLessOrEqual);
    FUZZ_CHECK(read(start + "GreaterThan", {}, false)->order == policy::Order::kGreater);
    FUZZ_CHECK(read(start + "GreaterThanEquals", {}, false)->order == policy::Order::kGreaterOrEqual);
  }
  FUZZ_CHECK(!read("NullIfExists", {"true"}, false) && !read("stringequals", {"a"}, false));
  return true;
}

Context base_context() {
  Context context;
  context.set("aws:username", "alice");
  context.set("aws:PrincipalTag/many", Context::Values{"a", "b"});
  context.set("aws:PrincipalTag/empty", "");
  return context;
}
const Context& without_the_key() {
  static const Context context = base_context();
  return context;
}
// Until the next call.
const Context& context_of(const Context::Values& values) {
  static Context context;
  context = without_the_key();
  context.set(kKey, values);
  return context;
}

bool says(const Condition& condition, const Context& context,
          policy::Effect effect = policy::Effect::kAllow) {
#ifdef COFFER_PLANTED_BUG
  // Of a prefix only its whole bytes count.
  if (condition.comparison == policy::Comparison::kIpAddress) {
    Condition shorter = condition;
    for (auto& operand : shorter.operands) std::get<policy::Network>(operand).prefix &= ~7U;
    return policy::holds(shorter, effect, context);
  }
#endif
  return policy::holds(condition, effect, context);
}

bool holds_for(const Condition& condition, const std::string& value) {
  return says(condition, context_of({value}));
}

bool is_null(const Context::Values& values) {
  return std::all_of(values.begin(), values.end(), [](const auto& value) { return value.empty(); });
}

// What the operator's forms say of the same values.
void check_forms(Condition condition, const Input& input) {
  const bool negated = condition.negated, null = is_null(input.values);
  size_t holding = 0;
  for (const auto& value : input.values) holding += holds_for(condition, value);
  const bool every = holding == input.values.size(), some = holding > 0;
  const Context& context = context_of(input.values);
  const bool empty = input.values.empty();
  for (const auto effect : {policy::Effect::kAllow, policy::Effect::kDeny})
    for (const bool if_exists : {false, true}) {
      condition.if_exists = if_exists;
      condition.quantifier = policy::Quantifier::kNone;
      // Without a quantifier a further value helps neither an Allow nor against a Deny.
      const bool plain = effect == policy::Effect::kAllow ? every : some;
      FUZZ_CHECK(says(condition, context, effect) == (empty ? negated : plain));
      FUZZ_CHECK(says(condition, without_the_key(), effect) == (negated || if_exists));
      condition.quantifier = policy::Quantifier::kForAllValues;
      FUZZ_CHECK(says(condition, context, effect) == (null || every));
      FUZZ_CHECK(says(condition, without_the_key(), effect));
      condition.quantifier = policy::Quantifier::kForAnyValue;
      FUZZ_CHECK(says(condition, context, effect) == (!null && some));
      FUZZ_CHECK(says(condition, without_the_key(), effect) == if_exists);
    }
}

// Each of the policy's values is an alternative, and the negated operator wants none of them.
void check_alternatives(const Input& input, const Condition& condition, const Condition& opposite) {
  for (const auto& value : input.values) {
    bool one = false;
    for (const auto& operand : input.operands) {
      const auto alone = read(input.kind->name, {operand}, input.variables);
      FUZZ_CHECK(alone);
      one |= holds_for(*alone, value);
    }
    FUZZ_CHECK(holds_for(condition, value) == one && holds_for(opposite, value) != one);
  }
}

std::optional<double> independent_number(const std::string& text) {
  if (!fuzz::is_number_shape(text)) return std::nullopt;
  return std::strtod(text.c_str(), nullptr);
}

// Beyond these two readings may differ in what they make of it: an error, zero, or the nearest number.
bool is_usual(double number) {
  return number == 0 || (std::abs(number) > 1e-290 && std::abs(number) < 1e290);
}

template <class Value>
void check_order(Condition condition, const std::string& value, const std::optional<Value>& wanted,
                 const std::optional<Value>& given) {
  const auto said = [&](policy::Order order) {
    condition.order = order;
    return holds_for(condition, value);
  };
  FUZZ_CHECK(said(policy::Order::kEqual) == (given && *given == *wanted));
  FUZZ_CHECK(said(policy::Order::kLess) == (given && *given < *wanted));
  FUZZ_CHECK(said(policy::Order::kLessOrEqual) == (given && *given <= *wanted));
  FUZZ_CHECK(said(policy::Order::kGreater) == (given && *given > *wanted));
  FUZZ_CHECK(said(policy::Order::kGreaterOrEqual) == (given && *given >= *wanted));
}

void check_number(const std::string& operand, const std::string& value, const Condition* condition) {
  const auto wanted = independent_number(operand), given = independent_number(value);
  if ((wanted && !is_usual(*wanted)) || (given && !is_usual(*given))) return;
  // Zero may also be what is left of a number that is too small.
  if ((wanted && *wanted == 0 && operand.find_first_of("eE") != std::string::npos) ||
      (given && *given == 0 && value.find_first_of("eE") != std::string::npos))
    return;
  FUZZ_CHECK((condition != nullptr) == wanted.has_value());
  if (condition != nullptr) check_order(*condition, value, wanted, given);
}

void check_date(const std::string& operand, const std::string& value, const Condition* condition) {
  const auto wanted = fuzz::independent_date(operand);
  FUZZ_CHECK((condition != nullptr) == wanted.has_value());
  if (condition != nullptr) check_order(*condition, value, wanted, fuzz::independent_date(value));
}

void check_address(const std::string& operand, const std::string& value, const Condition* condition) {
  const auto wanted = fuzz::independent_network(operand), given = fuzz::independent_network(value);
  FUZZ_CHECK((condition != nullptr) == wanted.has_value());
  if (condition != nullptr) FUZZ_CHECK(holds_for(*condition, value) == (given && wanted->holds(*given)));
}

void check_binary(const std::string& operand, const std::string& value, const Condition* condition) {
  if (condition == nullptr) {
    FUZZ_CHECK(base64(as_bytes(value)) != operand);
    return;
  }
  const auto& bytes = std::get<std::vector<uint8_t>>(condition->operands.front());
  // The last character may have bits that no byte has (RFC 4648 section 3.5).
  const size_t whole = operand.size() - std::min<size_t>(operand.size(), 4);
  FUZZ_CHECK(base64(bytes).size() == operand.size() &&
             base64(bytes).substr(0, whole) == operand.substr(0, whole));
  FUZZ_CHECK(holds_for(*condition, value) == (base64(as_bytes(value)) == base64(bytes)));
}

bool is_truth(const std::string& text) {
  const std::string lower = policy::to_lower(text);
  return lower == "true" || lower == "false";
}

bool naive_arn(std::string_view pattern, std::string_view arn) {
  auto wanted = fuzz::split_at(pattern, ':'), given = fuzz::split_at(arn, ':');
  if (wanted.size() < 6 || given.size() < 6) return false;
  const auto sixth = [](std::string_view text, const auto& parts) {
    return std::string_view(parts[5].data(),
                            static_cast<size_t>(text.data() + text.size() - parts[5].data()));
  };
  wanted[5] = sixth(pattern, wanted);
  given[5] = sixth(arn, given);
  for (size_t i = 0; i < 6; ++i)
    if (!fuzz::naive_match(fuzz::naive_wildcards(wanted[i]), given[i])) return false;
  return true;
}

// What a text without variables says of a value.
bool naive_text(const Kind& kind, const std::string& operand, const std::string& value) {
  switch (kind.is) {
    case Kind::kText:
      return operand == value;
    case Kind::kLike:
      return fuzz::naive_match(fuzz::naive_wildcards(operand), value);
    case Kind::kArn:
      return naive_arn(operand, value);
    default:
      return policy::to_lower(operand) == policy::to_lower(value);
  }
}

void check_text(const Input& input, const std::string& operand, const std::string& value,
                const Condition* condition) {
  const bool varied = input.variables && operand.find("${") != std::string::npos;
  if (input.kind->is == Kind::kBoolean && !varied) FUZZ_CHECK((condition != nullptr) == is_truth(operand));
  if (input.kind->is != Kind::kBoolean && !varied) FUZZ_CHECK(condition != nullptr);
  if (condition == nullptr || varied || policy::has_wildcard_bytes(operand) ||
      policy::has_wildcard_bytes(value))
    return;
  FUZZ_CHECK(holds_for(*condition, value) == naive_text(*input.kind, operand, value));
}

// A variable has its value, else its default, else matches nothing; either way it is no wildcard.
void check_variable(const Kind& kind, const std::string& text, const std::string& value) {
  if (kind.is > Kind::kLike || text.find_first_of("$'*?{}") != std::string::npos ||
      policy::has_wildcard_bytes(text) || policy::has_wildcard_bytes(value))
    return;
  const auto said = [&](const std::string& operand) {
    const auto condition = read(kind.name, {operand}, true);
    FUZZ_CHECK(condition);
    return holds_for(*condition, value);
  };
  const auto same = [&](const std::string& expected) { return naive_text(kind, expected, value); };
  FUZZ_CHECK(said(text + "${aws:username}/" + text) == same(text + "alice/" + text));
  FUZZ_CHECK(said(text + "${AWS:UserName, 'bob'}") == same(text + "alice"));
  FUZZ_CHECK(said(text + "${aws:nothing, '" + text + "'}") == same(text + text));
  FUZZ_CHECK(said("${aws:PrincipalTag/empty,'" + text + "'}x") == same(text + "x"));
  FUZZ_CHECK(said("${aws:PrincipalTag/many,'" + text + "'}x") == same(text + "x"));
  FUZZ_CHECK(!said("${aws:nothing}" + text) && !said(text + "${aws:PrincipalTag/many}"));
  // The key itself, whose wildcards and braces match themselves alone.
  if (!value.empty()) FUZZ_CHECK(said("${aws:fuzzed}"));
  FUZZ_CHECK(said(text + "${$}{") == same(text + "${"));
}

void check_null(const Context::Values& values) {
  static const auto null = read("Null", {"true"}, false), there = read("Null", {"false"}, false);
  const Context& context = context_of(values);
  FUZZ_CHECK(says(*null, context) == is_null(values) && says(*there, context) != says(*null, context));
  FUZZ_CHECK(says(*null, without_the_key()) && !says(*there, without_the_key()));
}

// Of one value of the policy, against second readings.
void check_value(const Input& input, const std::string& operand, const std::string& value) {
  const auto read_one = read(input.kind->name, {operand}, input.variables);
  const Condition* condition = read_one ? &*read_one : nullptr;
  switch (input.kind->is) {
    case Kind::kNumber:
      return check_number(operand, value, condition);
    case Kind::kDate:
      return check_date(operand, value, condition);
    case Kind::kAddress:
      return check_address(operand, value, condition);
    case Kind::kBinary:
      return check_binary(operand, value, condition);
    default:
      check_text(input, operand, value, condition);
      check_variable(*input.kind, operand, value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool names = check_names();
  FUZZ_CHECK(names);
  const Input input = read_input({reinterpret_cast<const char*>(data), size});
  const auto& operand = input.operands.front();
  check_value(input, operand, input.values.empty() ? operand : input.values.front());
  check_null(input.values);

  const auto condition = read(input.kind->name, input.operands, input.variables);
  if (!condition) {
    const auto& error = condition.error();
    FUZZ_CHECK(error.kind == ErrorKind::kInvalidArgument && error.message.find(kKey) != std::string::npos);
    FUZZ_CHECK(error.message.find(input.kind->name) != std::string::npos);
    return 0;
  }
  Condition opposite = *condition;
  opposite.negated = true;
  check_forms(*condition, input);
  check_forms(opposite, input);
  check_alternatives(input, *condition, opposite);
  return 0;
}
