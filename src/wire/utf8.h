// SPDX-License-Identifier: Apache-2.0
// UTF-8 as JSON and XML writers need it (RFC 3629). Pure functions.
#pragma once
#include <string>
#include <string_view>

namespace coffer::wire {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

// Takes one code point off the front of `text`, which is not empty; a malformed sequence gives the
// replacement character for its first byte.
char32_t take_code_point(std::string_view& text);

void append_utf8(std::string& out, char32_t code_point);

bool is_utf8(std::string_view text);

// How long a Java string of the text is: constraints on lengths count so.
size_t utf16_length(std::string_view text);

}  // namespace coffer::wire
