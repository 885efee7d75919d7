// SPDX-License-Identifier: Apache-2.0
// Parts of an evaluation (evaluate.h): what the owner of the resource says, and what bounds the caller. Pure
// functions, thread-safe.
#pragma once
#include "policy/evaluate.h"

namespace coffer::policy {

// Does the resource's policy, by itself, let the caller in, by whatever name, whatever else forbids it?
bool resource_policy_allows(const AccessRequest& request);

// Which of the caller's permissions boundary (kBoundary) and session policies (kSession), where there are
// any, does not allow it? For what is not given by a policy of the resource, which may go beyond them: a
// grant.
std::optional<PolicyKind> forbidding_bound(const AccessRequest& request);

}  // namespace coffer::policy
