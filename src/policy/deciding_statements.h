// SPDX-License-Identifier: Apache-2.0
// All statements that a decision rests on, where a Verdict names one of each kind. Pure, thread-safe.
#pragma once
#include <vector>

#include "policy/evaluate.h"

namespace coffer::policy {

struct DecidingStatement {
  const AttachedPolicy* policy = nullptr;
  size_t statement = 0;  // of that policy, from 0
};

// Of what is denied explicitly, every Deny that applies; of what is allowed, every Allow of identity and
// resource policies that applies; of anything else none. Without those of organizations' policies.
std::vector<DecidingStatement> deciding_statements(const AccessRequest& request, Outcome outcome);

// Does the statement speak of the action, whatever its resources and conditions?
bool concerns(const Statement& statement, std::string_view action);

// What a part of the policies says by itself.
Outcome outcome_of(const std::vector<AttachedPolicy>& policies, const AccessRequest& request);
// Of the resource's policy, for the request's caller.
Outcome outcome_of_resource_policy(const AccessRequest& request);

}  // namespace coffer::policy
