// SPDX-License-Identifier: Apache-2.0
// A text of a policy with its wildcards and variables taken apart once, when the policy is read.
// Source: IAM User Guide, "IAM policy elements: Variables and tags". Pure functions, thread-safe.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/context.h"

namespace coffer::policy {

// What * and ? mean in a text.
enum class Wildcards {
  kNone,      // themselves
  kAnywhere,  // any characters
  kResource,  // as in a Resource element (resource_pattern)
};

struct Text {
  struct Variable {
    size_t at = 0;                         // it stands before this byte of the pattern
    std::string key;                       // in lower case
    std::string name;                      // as written
    std::optional<std::string> otherwise;  // ${key, 'otherwise'}
  };
  std::string pattern;  // for policy::matches; without wildcards the text itself
  std::vector<Variable> variables;
};

// `variables`: whether ${...} is one (Version 2012-10-17) or stands for itself. ${*}, ${?} and ${$} are those
// characters. kInvalidArgument, with the cause, for a malformed variable.
Result<Text> read_text(std::string_view text, Wildcards wildcards, bool variables);

// The pattern with its variables' values. They match literally. Nothing when a variable has no value: such a
// text matches nothing; so does one longer than 64 KiB. `buffer` holds the result where there are variables.
// With `arn`, a value that has a colon and stands before the sixth segment counts as none, for it would move
// the segments.
std::optional<std::string_view> expand(const Text& text, const Context& context, std::string& buffer,
                                       bool arn = false);

}  // namespace coffer::policy
