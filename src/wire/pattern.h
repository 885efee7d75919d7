// SPDX-License-Identifier: Apache-2.0
// The regular expressions of AWS's models, which are Java's: matched by PCRE2, which knows their look-aheads,
// \u escapes and large counts. PCRE2 keeps its state on the heap and gives up after a bounded number of
// steps, so no input can take the stack or the processor away.
#pragma once
#include <string_view>

namespace coffer::wire {

enum class PatternMatch { kMatches, kDiffers, kBadPattern };

// Does the whole text match? Text that is not UTF-8, or that takes too many steps, does not. Patterns are
// compiled once and kept; they must have static lifetime. Thread-safe.
PatternMatch match_pattern(std::string_view pattern, std::string_view text);

}  // namespace coffer::wire
