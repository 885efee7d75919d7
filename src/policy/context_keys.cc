// SPDX-License-Identifier: Apache-2.0
#include "policy/context_keys.h"

#include <algorithm>

#include "policy/match.h"

namespace coffer::policy {
namespace {

void add(const std::string& key, std::vector<std::string>& keys) {
  const bool there = std::any_of(keys.begin(), keys.end(),
                                 [&](const std::string& each) { return equals_ignoring_case(each, key); });
  if (!there) keys.push_back(key);
}

void add_variables(const Text& text, std::vector<std::string>& keys) {
  for (const auto& variable : text.variables) add(variable.name, keys);
}

}  // namespace

void add_context_keys(const Statement& statement, std::vector<std::string>& keys) {
  for (const auto& resource : statement.resources) add_variables(resource, keys);
  for (const auto& condition : statement.conditions) {
    add(condition.key, keys);
    for (const auto& operand : condition.operands)
      if (const auto* text = std::get_if<Text>(&operand)) add_variables(*text, keys);
  }
}

}  // namespace coffer::policy
