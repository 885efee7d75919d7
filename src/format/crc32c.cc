// SPDX-License-Identifier: Apache-2.0
#include "format/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace coffer::format {

uint32_t crc32c(ByteView bytes) {
  uint32_t value = 0xffffffff;
  while (!bytes.empty()) {
    // The library counts in an int, and does not write through the pointer.
    const ByteView piece = bytes.first(std::min<size_t>(bytes.size(), 1 << 30));
    value = crc32_iscsi(const_cast<uint8_t*>(piece.data()), static_cast<int>(piece.size()), value);
    bytes = bytes.subspan(piece.size());
  }
  return ~value;
}

}  // namespace coffer::format
