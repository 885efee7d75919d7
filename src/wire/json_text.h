// SPDX-License-Identifier: Apache-2.0
// JSON text (RFC 8259) to and from Values that no model guides. The only file that knows the JSON library is
// json_reader.cc. Pure functions.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "wire/value.h"

namespace coffer::wire {

// null → absent; number → int64_t where it fits, else double; object → Members, where a repeated name appears
// again. Nothing when the text is malformed, is not UTF-8, or is nested deeper than `deepest`.
std::optional<Value> read_json(std::string_view text, int deepest);

// Appends a string literal. Malformed UTF-8 becomes U+FFFD; slashes stay as they are.
void append_json_string(std::string& out, std::string_view text);
// Appends a number; what JSON has no number for (NaN, infinities) as the string that AWS's protocols use.
void append_json_number(std::string& out, double number);
// Appends seconds since 1970, with a fraction of up to three digits.
void append_json_timestamp(std::string& out, Timestamp time);

}  // namespace coffer::wire
