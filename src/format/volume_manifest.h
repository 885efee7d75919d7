// SPDX-License-Identifier: Apache-2.0
// The manifest of a volume: the only truth about its chain of layers. docs/format/manifest.md.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace coffer::format {

struct ManifestLayer {
  std::string layer_id;              // "layer-" + 17 hex digits
  std::optional<Bytes> wrapped_key;  // a ciphertext blob; absent: this layer is not encrypted
  bool operator==(const ManifestLayer&) const = default;
};

struct VolumeManifest {
  std::string volume_id;
  uint64_t size_bytes = 0;
  uint64_t epoch = 0;                 // fencing epoch at which the chain last changed
  std::string host_id;                // who changed it
  std::vector<ManifestLayer> layers;  // top layer first, at least one
  bool operator==(const VolumeManifest&) const = default;
};

inline constexpr uint16_t kManifestVersion = 1;

Bytes write_manifest(const VolumeManifest& manifest);
// kCorrupt when a check fails, kTooNew for a version of a later release.
Result<VolumeManifest> parse_manifest(ByteView bytes);

}  // namespace coffer::format
