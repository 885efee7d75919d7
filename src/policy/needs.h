// SPDX-License-Identifier: Apache-2.0
// What would have to change so that a refused request were allowed. Pure functions, thread-safe.
#pragma once
#include <string>
#include <vector>

#include "policy/policy_report.h"

namespace coffer::policy {

// What stands in the way, and has to change.
struct Need {
  std::string what;
  std::vector<std::string> any_of;  // each of these would do; empty where nothing is there that nearly does
};

// Of a request that is refused, in the order of evaluate(). `policies`: reports of all that concern it.
std::vector<Need> needs_of(const AccessRequest& request, const std::vector<PolicyReport>& policies);

}  // namespace coffer::policy
