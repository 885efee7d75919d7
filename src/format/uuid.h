// SPDX-License-Identifier: Apache-2.0
// The 16 bytes behind the text of a UUID (RFC 4122), as our formats store key ids.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace coffer::format {

using UuidBytes = std::array<uint8_t, 16>;
std::optional<UuidBytes> uuid_bytes(std::string_view text);  // nothing unless lower-case UUID text
std::string uuid_text(const UuidBytes& bytes);

}  // namespace coffer::format
