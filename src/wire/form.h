// SPDX-License-Identifier: Apache-2.0
// application/x-www-form-urlencoded, and the tree that dotted names of parameters spell: what EC2 Query and
// Query have in common. Pure functions; bounded in the number of parameters and in depth.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace coffer::wire {

using FormParameters = std::vector<std::pair<std::string, std::string>>;  // decoded, in the order they came

inline constexpr size_t kMostFormParameters = 10'000;
inline constexpr size_t kDeepestParameter = 32;  // parts of a name between dots

// Errors: MalformedQueryString, also for what is not UTF-8.
Result<FormParameters> parse_form(std::string_view form);

// The first parameter of that name, or nothing.
const std::string* find_parameter(const FormParameters& parameters, std::string_view name);

// Filter.1.Value.2 is Filter > 1 > Value > 2. Points into the parameters.
struct ParameterTree {
  const std::string* value = nullptr;
  std::map<std::string_view, std::unique_ptr<ParameterTree>> children;
};

// Without the parameters that belong to the call as such (Action, Version) or to its signature. Errors:
// UnknownParameter for a name with an empty part or with too many, InvalidParameterCombination for one that
// is given twice.
Result<ParameterTree> parameter_tree(const FormParameters& parameters);

// Children that are named by numbers, by those: the elements of a list. Nothing when another is among them.
std::optional<std::map<int64_t, const ParameterTree*>> numbered_children(const ParameterTree& tree);

}  // namespace coffer::wire
