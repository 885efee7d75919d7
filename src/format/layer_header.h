// SPDX-License-Identifier: Apache-2.0
// The header of a layer: the first 512 bytes of its map file, rewritten in place when a host opens the layer
// (one disk sector, so that a torn write leaves the old or the new one). docs/format/layer.md.
#pragma once
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace coffer::format {

enum class LayerCipher : uint8_t {
  kNone = 0,
  kAes256Xts = 1,  // 4096-byte sectors, the tweak is the sector's number in the volume, little endian
};

struct LayerHeader {
  std::string layer_id;
  LayerCipher cipher = LayerCipher::kNone;
  uint64_t size_bytes = 0;  // of the volume
  uint64_t epoch = 0;       // fencing: who opened the layer last has the highest
  std::string host_id;      // who that was
  bool operator==(const LayerHeader&) const = default;
};

inline constexpr uint16_t kLayerVersion = 1;
inline constexpr size_t kLayerHeaderSize = 512;
inline constexpr uint32_t kSectorSize = 4096;

// Ids of at most 64 bytes each.
Bytes write_layer_header(const LayerHeader& header);
// kCorrupt when a check fails, kTooNew for a version of a later release.
Result<LayerHeader> parse_layer_header(ByteView bytes);

}  // namespace coffer::format
