// SPDX-License-Identifier: Apache-2.0
// EC2's Filter parameters: values of one filter are alternatives, filters all apply; * and ? are wildcards,
// \ quotes. Source: Amazon EC2 API Reference, "Filter".
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "generated/ec2/model.h"

namespace coffer::services::ec2 {

bool matches_wildcard(std::string_view pattern, std::string_view text);

// The values that a resource has for a filter's name; nothing for a name that is no filter of this operation.
using FilterValues = std::function<std::optional<std::vector<std::string>>(const std::string& name)>;

// Does the resource pass all filters? InvalidParameterValue "The filter 'x' is invalid" for an unknown name.
Result<bool> passes(const std::optional<std::vector<coffer::ec2::Filter>>& filters,
                    const FilterValues& values);

}  // namespace coffer::services::ec2
