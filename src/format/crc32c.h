// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli; RFC 3720 section 12.1): finds accidents in our small headers, not tampering.
#pragma once
#include <cstdint>

#include "base/bytes.h"

namespace coffer::format {
uint32_t crc32c(ByteView bytes);
}  // namespace coffer::format
