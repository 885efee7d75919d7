// SPDX-License-Identifier: Apache-2.0
#include "policy/deciding_statements.h"

#include <algorithm>

#include "policy/match.h"

namespace coffer::policy {
namespace {

void add(const AttachedPolicy& policy, Effect effect, const AccessRequest& request,
         std::vector<DecidingStatement>& found) {
  const auto& statements = policy.document->statements;
  for (size_t i = 0; i < statements.size(); ++i)
    if (statements[i].effect == effect && applies(statements[i], request)) found.push_back({&policy, i});
}

bool names_caller(const Statement& statement, const AccessRequest& request) {
  if (!statement.principal) return false;
  const auto& identity = request.caller.identity;
  return statement.effect == Effect::kDeny
             ? is_denied(*statement.principal, identity, request.caller.boundary.has_value())
             : closeness(*statement.principal, identity) != Closeness::kNone;
}

void add_of_resource(Effect effect, const AccessRequest& request, std::vector<DecidingStatement>& found) {
  if (request.resource_policy == nullptr) return;
  const auto& statements = request.resource_policy->document->statements;
  for (size_t i = 0; i < statements.size(); ++i)
    if (statements[i].effect == effect && names_caller(statements[i], request) &&
        applies(statements[i], request))
      found.push_back({request.resource_policy, i});
}

}  // namespace

std::vector<DecidingStatement> deciding_statements(const AccessRequest& request, Outcome outcome) {
  std::vector<DecidingStatement> found;
  if (outcome == Outcome::kImplicitDeny) return found;
  const Effect effect = outcome == Outcome::kAllowed ? Effect::kAllow : Effect::kDeny;
  for (const auto& policy : request.caller.identity_policies) add(policy, effect, request, found);
  add_of_resource(effect, request, found);
  if (effect == Effect::kAllow) return found;
  if (request.caller.boundary) add(*request.caller.boundary, effect, request, found);
  for (const auto& policy : request.caller.session_policies) add(policy, effect, request, found);
  return found;
}

bool concerns(const Statement& statement, std::string_view action) {
  const bool listed =
      std::any_of(statement.actions.begin(), statement.actions.end(),
                  [&](const std::string& pattern) { return matches_ignoring_case(pattern, action); });
  return listed != statement.not_action;
}

Outcome outcome_of(const std::vector<AttachedPolicy>& policies, const AccessRequest& request) {
  std::vector<DecidingStatement> allows, denies;
  for (const auto& policy : policies) {
    add(policy, Effect::kAllow, request, allows);
    add(policy, Effect::kDeny, request, denies);
  }
  if (!denies.empty()) return Outcome::kExplicitDeny;
  return allows.empty() ? Outcome::kImplicitDeny : Outcome::kAllowed;
}

Outcome outcome_of_resource_policy(const AccessRequest& request) {
  std::vector<DecidingStatement> allows, denies;
  add_of_resource(Effect::kAllow, request, allows);
  add_of_resource(Effect::kDeny, request, denies);
  if (!denies.empty()) return Outcome::kExplicitDeny;
  return allows.empty() ? Outcome::kImplicitDeny : Outcome::kAllowed;
}

}  // namespace coffer::policy
