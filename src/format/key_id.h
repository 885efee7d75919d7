// SPDX-License-Identifier: Apache-2.0
// A KMS key's id as our formats store it, in 16 bytes. The digits of a multi-Region key's id ("mrk-…") are a
// version 8 UUID, those of any other key's are not: so the bytes say which of the two texts they stand for.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "format/uuid.h"

namespace coffer::format {

// Nothing unless the text is one that key_id_text gives.
std::optional<UuidBytes> key_id_bytes(std::string_view text);
std::string key_id_text(const UuidBytes& bytes);

}  // namespace coffer::format
