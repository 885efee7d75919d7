// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/filters.h"

#include <fmt/format.h>

namespace coffer::services::ec2 {

bool matches_wildcard(std::string_view pattern, std::string_view text) {
  // Iterative, with one point to return to: linear memory, no recursion on a client's pattern.
  size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    const bool quoted = p + 1 < pattern.size() && pattern[p] == '\\';
    if (quoted && pattern[p + 1] == text[t]) {
      p += 2;
      ++t;
    } else if (!quoted && p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (!quoted && p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Result<bool> passes(const std::optional<std::vector<coffer::ec2::Filter>>& filters,
                    const FilterValues& values) {
  if (!filters) return true;
  bool all = true;
  for (const auto& filter : *filters) {
    const std::string name = filter.name.value_or("");
    const auto actual = values(name);
    if (!actual)
      return fail(ErrorKind::kInvalidArgument, fmt::format("The filter '{}' is invalid", name),
                  "InvalidParameterValue");
    bool any = false;
    if (filter.values)
      for (const auto& pattern : *filter.values)
        for (const auto& value : *actual) any = any || matches_wildcard(pattern, value);
    all = all && any;
  }
  return all;
}

}  // namespace coffer::services::ec2
