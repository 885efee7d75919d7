// SPDX-License-Identifier: Apache-2.0
#include "format/state_map.h"

#include <cstring>

namespace coffer::format {

Status check_map_page(ByteView page, uint64_t sectors) {
  if (page.size() != kMapPageSize)
    return fail(ErrorKind::kCorrupt, "a page of the state map has another size");
  bool unused_value = false;
  for (size_t at = 0; at < page.size(); at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, page.data() + at, sizeof word);
    unused_value |= (word & (word >> 1) & 0x5555555555555555) != 0;
  }
  if (unused_value)
    return fail(ErrorKind::kCorrupt, "a page of the state map holds a state that does not exist");
  for (uint64_t sector = sectors; sector < kSectorsPerMapPage; ++sector)
    if (state_in(page, sector) != SectorState::kAbsent)
      return fail(ErrorKind::kCorrupt, "the state map speaks of sectors past the end of the volume");
  return {};
}

}  // namespace coffer::format
