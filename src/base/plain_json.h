// SPDX-License-Identifier: Apache-2.0
// The texts that need no escaping in JSON (RFC 8259 section 7): nearly all that there are.
#pragma once
#include <string_view>

namespace coffer {

// Does the text stand for itself between the quotes of a JSON string? Printable ASCII without quotes and
// backslashes does.
bool is_plain_json(std::string_view text);

}  // namespace coffer
