// SPDX-License-Identifier: Apache-2.0
// Identifiers as AWS shapes them.
#pragma once
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace coffer {

std::string make_uuid(Random& random);  // version 4, lower case
// Version 7 (RFC 9562 section 5.7): what is made later sorts later, by the millisecond. For rows with an
// index on their ids, which random ones would scatter over all its pages.
std::string make_time_ordered_uuid(Random& random, Timestamp time);
std::string make_resource_id(Random& random, std::string_view kind);  // "vol" -> "vol-0" + 16 hex digits
bool is_uuid(std::string_view text);
// "mrk-" and 32 lower-case hex digits: a multi-Region KMS key. The digits are those of a version 8 UUID (RFC
// 9562), so that as 16 bytes they are told from a version 4 one.
std::string make_multi_region_key_id(Random& random);
bool is_multi_region_key_id(std::string_view text);
bool is_key_id(std::string_view text);  // of any KMS key
// "vol-" followed by 8 or 17 lower-case hex digits.
bool is_resource_id(std::string_view text, std::string_view kind);
// PREFIX ("AKIA") followed by 16 characters of the base32 alphabet.
std::string make_access_key_id(Random& random, std::string_view prefix);
bool is_account_id(std::string_view text);  // twelve digits

}  // namespace coffer
