// SPDX-License-Identifier: Apache-2.0
// The durable state map of a layer: two bits a sector in pages of 4 KiB, after the page that holds the
// layer's header. A page has no checksum on purpose: every two bits are valid on their own, so that a torn
// page is still a map (some states old, some new), which is what the crash rule needs.
// docs/format/state-map.md.
#pragma once
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "format/layer_header.h"

namespace coffer::format {

enum class SectorState : uint8_t {
  kAbsent = 0,  // ask the layer below; zero when there is none
  kData = 1,    // in this layer's data
  kZero = 2,    // reads as zero, whatever the data file holds there
};

inline constexpr uint64_t kMapPageSize = 4096;
inline constexpr uint64_t kSectorsPerMapPage = kMapPageSize * 4;
inline constexpr uint64_t kMapHeaderSize = 4096;  // the layer's header and padding

constexpr uint64_t map_page_count(uint64_t sectors) {
  return (sectors + kSectorsPerMapPage - 1) / kSectorsPerMapPage;
}
constexpr uint64_t map_page_offset(uint64_t page) {
  return kMapHeaderSize + page * kMapPageSize;
}
constexpr uint64_t map_file_size(uint64_t sectors) {
  return map_page_offset(map_page_count(sectors));
}

// Sector n of a page: bits 2(n mod 4) and 2(n mod 4) + 1 of byte n / 4.
constexpr SectorState state_in(ByteView page, uint64_t sector) {
  return static_cast<SectorState>((page[sector / 4] >> (2 * (sector % 4))) & 3);
}

// kCorrupt if any state of the page is the unused value, or any of a sector at or after `sectors` (of this
// page) is not absent.
Status check_map_page(ByteView page, uint64_t sectors);

}  // namespace coffer::format
