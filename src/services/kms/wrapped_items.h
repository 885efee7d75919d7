// SPDX-License-Identifier: Apache-2.0
// Everything in the catalog that is wrapped under keyd's domain key, and its re-wrapping.
#pragma once
#include <functional>
#include <string>

#include "services/installation.h"

namespace coffer::services::kms {

struct RewrapCount {
  size_t seen = 0, replaced = 0;
  std::string refused;  // what no domain key opens, named; empty: nothing
};

// One pass over all of it. `progress` hears of each batch and may end the pass by false (kUnavailable).
Result<RewrapCount> rewrap_all(Installation& installation, const std::function<bool(size_t seen)>& progress);

}  // namespace coffer::services::kms
