// SPDX-License-Identifier: Apache-2.0
#include "policy/context_keys.h"

#include "policy/match.h"

namespace coffer::policy {
namespace {

void add_variables(const Text& text, ContextKeys& keys) {
  for (const auto& variable : text.variables) keys.add(variable.name);
}

}  // namespace

void ContextKeys::add(const std::string& key) {
  if (known_.insert(to_lower(key)).second) keys_.push_back(key);
}

void add_context_keys(const Statement& statement, ContextKeys& keys) {
  for (const auto& resource : statement.resources) add_variables(resource, keys);
  for (const auto& condition : statement.conditions) {
    keys.add(condition.key);
    for (const auto& operand : condition.operands)
      if (const auto* text = std::get_if<Text>(&operand)) add_variables(*text, keys);
  }
}

}  // namespace coffer::policy
