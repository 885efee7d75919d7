// SPDX-License-Identifier: Apache-2.0
// Identifiers as AWS shapes them.
#pragma once
#include <string>
#include <string_view>

#include "base/random.h"

namespace coffer {

std::string make_uuid(Random& random);                                // version 4, lower case
std::string make_resource_id(Random& random, std::string_view kind);  // "vol" -> "vol-0" + 16 hex digits
bool is_uuid(std::string_view text);
// "vol-" followed by 8 or 17 lower-case hex digits.
bool is_resource_id(std::string_view text, std::string_view kind);
// PREFIX ("AKIA") followed by 16 characters of the base32 alphabet.
std::string make_access_key_id(Random& random, std::string_view prefix);
bool is_account_id(std::string_view text);  // twelve digits

}  // namespace coffer
