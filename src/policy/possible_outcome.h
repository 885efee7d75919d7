// SPDX-License-Identifier: Apache-2.0
// What could be decided if the request came otherwise: by another service, at another time, for a resource
// with other tags. Pure functions, thread-safe.
#pragma once
#include "policy/evaluate.h"

namespace coffer::policy {

// The decision if every condition on what a request may bring or a resource be like were as suits the caller:
// no Allow wants it, and no Deny that has one applies. Conditions on who the caller is decide as they do.
Outcome possible_outcome(const AccessRequest& request);

// Does the key tell who calls or whose the resource is, which no request can choose?
bool is_fixed(std::string_view lower_case_key);

}  // namespace coffer::policy
