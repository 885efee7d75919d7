// SPDX-License-Identifier: Apache-2.0
// How a decision comes about, for people who ask why: every policy that concerns the request, statement by
// statement, and what would be needed. The decision itself is evaluate()'s (evaluate.h). Everything is copied
// out of the request. Pure functions, thread-safe.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "policy/evaluate.h"

namespace coffer::policy {

struct ConditionReport {
  std::string operator_name, key;
  std::vector<std::string> wanted;                 // as the policy has them
  std::optional<std::vector<std::string>> actual;  // nothing when the request has no such key
  bool holds = false;
};

struct StatementReport {
  size_t position = 0;  // in its policy, from 0
  std::string sid;
  Effect effect = Effect::kAllow;
  // Does each of them match the request? Where a statement has no principal, that does.
  bool principal = false, action = false, resource = false;
  std::vector<ConditionReport> conditions;

  bool fits() const { return principal && action && resource; }  // its conditions aside
  bool applies() const;
};

struct PolicyReport {
  PolicyKind kind = PolicyKind::kIdentity;
  std::string name;
  std::vector<StatementReport> statements;
};

struct Explanation {
  Outcome outcome = Outcome::kImplicitDeny;
  std::string reason;                // AWS's phrase, as reason() gives it
  std::vector<std::string> because;  // a line for each kind of policy that was asked, as explain() gives it
  std::vector<PolicyReport> policies;
  std::vector<std::string> needed;  // what would have to change; empty when it is allowed
  // It is refused, and yet an Allow is there wherever one is missing, if only its conditions held.
  bool lacks_only_conditions = false;

  bool allowed() const { return outcome == Outcome::kAllowed; }
};

Explanation explain_request(const AccessRequest& request);

// "identity-based policy"
std::string_view name_of(PolicyKind kind);

}  // namespace coffer::policy
