// SPDX-License-Identifier: Apache-2.0
// Text forms of bytes: lower-case hexadecimal, base64 (RFC 4648 section 4, padded), base64url (section
// 5, without padding) and URI percent encoding as SigV4 wants it (RFC 3986 unreserved characters stay).
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace coffer {

std::string hex(ByteView bytes);
std::optional<Bytes> from_hex(std::string_view text);

std::string base64(ByteView bytes);
// Strict: padding is required, nothing but the alphabet is accepted.
std::optional<Bytes> from_base64(std::string_view text);

std::string base64url(ByteView bytes);
// Strict: no padding, and bits to spare are zero, so that no two texts are the same bytes.
std::optional<Bytes> from_base64url(std::string_view text);

std::string percent_encode(std::string_view text, bool keep_slash = false);
// `plus_is_space`: for application/x-www-form-urlencoded. Nothing on a malformed escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

}  // namespace coffer
