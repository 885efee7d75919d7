// SPDX-License-Identifier: Apache-2.0
#include "format/dm_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "format/state_map.h"

namespace coffer::format {
namespace {

constexpr uint64_t kUnitsPerSector = kSectorSize / 512;  // device-mapper counts in 512 bytes

}  // namespace

// A sector is the first layer's whose state is not absent: so from the lowest up, each overlays what is
// below.
Status DmTable::add_page(uint64_t page, const std::vector<ByteView>& states) {
  const uint64_t first = page * kSectorsPerMapPage;
  const uint64_t count = std::min(kSectorsPerMapPage, sectors(0) - first);
  std::vector<uint16_t> owners(count, kNobody);
  for (size_t layer = layers_.size(); layer-- > 0;) {
    if (states[layer].empty()) continue;
    const uint64_t end = std::clamp<uint64_t>(sectors(layer), first, first + count);
    COFFER_CHECK(check_map_page(states[layer], end - first));
    for (uint64_t sector = 0; sector < end - first; ++sector) {
      const SectorState state = state_in(states[layer], sector);
      if (state == SectorState::kData) owners[sector] = static_cast<uint16_t>(layer);
      if (state == SectorState::kZero) owners[sector] = kNobody;
    }
  }
  if (end_ < first) add_run(first - end_, kNobody);
  for (const uint16_t owner : owners) add_run(1, owner);
  return {};
}

std::string DmTable::finish() {
  if (end_ < sectors(0)) add_run(sectors(0) - end_, kNobody);
  end_run();
  return std::move(text_);
}

void DmTable::add_run(uint64_t count, uint16_t owner) {
  if (owner != owner_) end_run();
  owner_ = owner;
  end_ += count;
  run_ += count;
}

void DmTable::end_run() {
  if (run_ == 0) return;
  const uint64_t first = end_ - run_;
  if (owner_ == kNobody)
    fmt::format_to(std::back_inserter(text_), "{} {} zero\n", first * kUnitsPerSector,
                   run_ * kUnitsPerSector);
  else
    write_data(first, run_, layers_[owner_]);
  run_ = 0;
}

void DmTable::write_data(uint64_t first, uint64_t count, const DmTableLayer& layer) {
  constexpr uint64_t kSectorsPerFile = kDataFileSize / kSectorSize;
  while (count != 0) {  // a run may cross from one file to the next
    const uint64_t within = first % kSectorsPerFile;
    const uint64_t piece = std::min(count, kSectorsPerFile - within);
    const std::string& device = layer.devices[first / kSectorsPerFile];
    const uint64_t start = first * kUnitsPerSector, length = piece * kUnitsPerSector;
    // The number after the key makes the tweak the sector's number in the volume, not in this line.
    if (layer.record.cipher == LayerCipher::kAes256Xts)
      fmt::format_to(
          std::back_inserter(text_),
          "{} {} crypt aes-xts-plain64 :64:logon:coffer:{} {} {} {} 2 sector_size:{} iv_large_sectors\n",
          start, length, layer.record.layer_id, start, device, within * kUnitsPerSector, kSectorSize);
    else
      fmt::format_to(std::back_inserter(text_), "{} {} linear {} {}\n", start, length, device,
                     within * kUnitsPerSector);
    first += piece;
    count -= piece;
  }
}

}  // namespace coffer::format
