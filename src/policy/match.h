// SPDX-License-Identifier: Apache-2.0
// Comparing texts with patterns that have wildcards, in time proportional to their lengths' product at worst,
// whatever the pattern. Pure functions, thread-safe.
// Source: IAM User Guide, "IAM JSON policy elements: Resource" (wildcards in resource ARNs) and "Condition
// operators" (StringLike, ArnLike).
#pragma once
#include <string>
#include <string_view>

namespace coffer::policy {

// In a pattern a wildcard is one of these bytes, which UTF-8 never has; so `*` is a literal asterisk there,
// and a value put into a pattern can never act as a wildcard.
inline constexpr char kManyCharacters = '\xFF';     // *
inline constexpr char kOneCharacter = '\xFE';       // ?
inline constexpr char kManyWithinSegment = '\xFD';  // * that stops at a colon
inline constexpr char kOneWithinSegment = '\xFC';   // ? that is no colon

// Has the text one of the bytes above, or another that UTF-8 has not? It must then match nothing.
bool has_wildcard_bytes(std::string_view text);

// "kms:De*" with its * and ? as wildcards.
std::string wildcard_pattern(std::string_view text);
// The pattern of a Resource element. A * at the end of a segment matches on across colons; any other, and ?,
// stays in its segment, of which the sixth is all that follows the fifth colon. Missing segments are *.
std::string resource_pattern(std::string_view text);

bool matches(std::string_view pattern, std::string_view text);
// ASCII letters match in either case.
bool matches_ignoring_case(std::string_view pattern, std::string_view text);
// Each of the six segments of the ARN by its own; a pattern or text of fewer segments matches nothing.
bool matches_arn(std::string_view pattern, std::string_view arn);

bool equals_ignoring_case(std::string_view a, std::string_view b);
// Of ASCII letters.
inline char lower(char c) {
  return static_cast<char>(c | (c >= 'A' && c <= 'Z' ? 0x20 : 0));
}
std::string to_lower(std::string_view text);

}  // namespace coffer::policy
