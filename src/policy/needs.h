// SPDX-License-Identifier: Apache-2.0
// What would have to change so that a refused request were allowed. Pure functions, thread-safe.
#pragma once
#include <string>
#include <vector>

#include "policy/evaluate.h"

namespace coffer::policy {

// What stands in the way, and has to change.
struct Need {
  std::string what;
  std::vector<std::string> any_of;  // each of these would do; empty where nothing is there that nearly does
};

// In the order of evaluate(). Empty when the request is allowed.
std::vector<Need> needs_of(const AccessRequest& request);

}  // namespace coffer::policy
