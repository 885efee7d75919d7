// SPDX-License-Identifier: Apache-2.0
// Half of an evaluation (evaluate.h): what the owner of the resource says. A pure function, thread-safe.
#pragma once
#include "policy/evaluate.h"

namespace coffer::policy {

// Does the resource's policy, by itself, let the caller in, by whatever name, whatever else forbids it?
bool resource_policy_allows(const AccessRequest& request);

}  // namespace coffer::policy
