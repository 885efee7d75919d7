// SPDX-License-Identifier: Apache-2.0
// How a decision comes about, for people who ask why: every policy that concerns the request, statement by
// statement, and what would be needed. The decision itself is evaluate()'s (evaluate.h). Everything is copied
// out of the request. Pure functions, thread-safe.
#pragma once
#include <string>
#include <vector>

#include "policy/needs.h"
#include "policy/policy_report.h"

namespace coffer::policy {

struct Explanation {
  Outcome outcome = Outcome::kImplicitDeny;
  std::string reason;                // AWS's phrase, as reason() gives it
  std::vector<std::string> because;  // a line for each kind of policy that was asked, as explain() gives it
  std::vector<PolicyReport> policies;
  std::vector<Need> needed;  // all of it; nothing when it is allowed
  // It is refused, and would be allowed if conditions were met that a request can meet.
  bool lacks_only_conditions = false;

  bool allowed() const { return outcome == Outcome::kAllowed; }
};

Explanation explain_request(const AccessRequest& request);

}  // namespace coffer::policy
