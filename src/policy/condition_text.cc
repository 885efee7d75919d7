// SPDX-License-Identifier: Apache-2.0
#include "policy/condition_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace coffer::policy {
namespace {

struct Opposite {
  std::string_view operator_name;
  std::string_view text;  // to stand before the values
};

constexpr std::array kOpposites = {
    Opposite{"StringEquals", "were other than"},
    Opposite{"StringNotEquals", "were"},
    Opposite{"StringEqualsIgnoreCase", "were other than"},
    Opposite{"StringNotEqualsIgnoreCase", "were"},
    Opposite{"StringLike", "were not like"},
    Opposite{"StringNotLike", "were like"},
    Opposite{"NumericEquals", "were other than"},
    Opposite{"NumericNotEquals", "were"},
    Opposite{"NumericLessThan", "were at least"},
    Opposite{"NumericLessThanEquals", "were more than"},
    Opposite{"NumericGreaterThan", "were at most"},
    Opposite{"NumericGreaterThanEquals", "were less than"},
    Opposite{"DateEquals", "were other than"},
    Opposite{"DateNotEquals", "were"},
    Opposite{"DateLessThan", "were not before"},
    Opposite{"DateLessThanEquals", "were after"},
    Opposite{"DateGreaterThan", "were not after"},
    Opposite{"DateGreaterThanEquals", "were before"},
    Opposite{"BinaryEquals", "were other than"},
    Opposite{"IpAddress", "were outside"},
    Opposite{"NotIpAddress", "were within"},
    Opposite{"ArnEquals", "were not like"},
    Opposite{"ArnLike", "were not like"},
    Opposite{"ArnNotEquals", "were like"},
    Opposite{"ArnNotLike", "were like"},
};

std::string actual(const ConditionReport& condition) {
  if (!condition.actual) return "it is absent";
  if (condition.actual->empty()) return "it has no value";
  // An Allow's plain operator has to hold for all of them (condition.h).
  if (condition.actual->size() > 1)
    return fmt::format("its values are {}", fmt::join(*condition.actual, " and "));
  return fmt::format("it is {}", condition.actual->front());
}

// Of the two operators with truth values. They may want both, which nothing escapes.
std::string opposite_of_truth(std::string_view name, const std::vector<std::string>& wanted) {
  if (wanted.size() != 1) return {};
  const bool truth = wanted.front() == "true";
  if (name == "Bool") return truth ? "were false" : "were true";
  if (name == "Null") return truth ? "were given" : "were absent";
  return {};
}

}  // namespace

std::string when_met(const ConditionReport& condition) {
  return fmt::format("{} met {} {} ({})", condition.key, condition.operator_name,
                     fmt::join(condition.wanted, " or "), actual(condition));
}

std::string when_not_met(const ConditionReport& condition) {
  std::string_view name = condition.operator_name;
  constexpr std::string_view kIfExists = "IfExists";
  if (name.ends_with(kIfExists)) name.remove_suffix(kIfExists.size());
  const std::string truth = opposite_of_truth(name, condition.wanted);
  if (!truth.empty()) return fmt::format("{} {} ({})", condition.key, truth, actual(condition));
  const auto* found = std::ranges::find(kOpposites, name, &Opposite::operator_name);
  const std::string_view opposite = found == kOpposites.end() ? std::string_view() : found->text;
  if (opposite.empty())  // with a quantifier
    return fmt::format("{} did not meet {} {} ({})", condition.key, condition.operator_name,
                       fmt::join(condition.wanted, " or "), actual(condition));
  return fmt::format("{} {} {} ({})", condition.key, opposite, fmt::join(condition.wanted, " or "),
                     actual(condition));
}

}  // namespace coffer::policy
