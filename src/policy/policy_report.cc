// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_report.h"

#include <algorithm>

namespace coffer::policy {
namespace {

// A request may bring much more than anybody reads, and each condition on a key repeats its values.
Context::Values shown(const Context::ValueRange& values) {
  constexpr size_t kMostValues = 20, kMostBytes = 256;
  Context::Values some;
  for (const std::string_view value : values) {
    if (some.size() == kMostValues) {
      some.emplace_back("…");
      break;
    }
    some.push_back(std::string(value.substr(0, kMostBytes)) + (value.size() > kMostBytes ? "…" : ""));
  }
  return some;
}

ConditionReport report(const Condition& condition, Effect effect, const Context& context) {
  ConditionReport told{condition.operator_name, condition.key, condition.written, std::nullopt, false};
  if (const auto values = context.find(condition.lower_case_key)) told.actual = shown(*values);
  told.holds = holds(condition, effect, context);
  return told;
}

bool names_caller(const Statement& statement, const AccessRequest& request) {
  if (!statement.principal) return true;
  const Caller& caller = request.caller;
  if (statement.effect == Effect::kDeny)
    return is_denied(*statement.principal, caller.identity, caller.boundary.has_value());
  return closeness(*statement.principal, caller.identity) != Closeness::kNone;
}

}  // namespace

PolicyReport report_of(const AttachedPolicy& policy, PolicyKind kind, const AccessRequest& request) {
  PolicyReport told{kind, policy.name, {}};
  for (const Statement& statement : policy.document->statements) {
    StatementReport each;
    each.position = told.statements.size();
    each.sid = statement.sid;
    each.effect = statement.effect;
    each.named = statement.principal;
    each.principal = names_caller(statement, request);
    each.action = action_applies(statement, request.action);
    each.resource = resource_applies(statement, request);
    for (const Condition& condition : statement.conditions)
      each.conditions.push_back(report(condition, statement.effect, request.context.get()));
    told.statements.push_back(std::move(each));
  }
  return told;
}

bool StatementReport::applies() const {
  return fits() && std::ranges::all_of(conditions, &ConditionReport::holds);
}

}  // namespace coffer::policy
