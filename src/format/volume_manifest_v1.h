// SPDX-License-Identifier: Apache-2.0
// The manifest of a volume as version 0.1's first data folders have it: one layer, whose files lie in the
// volume's own folder. Read once, to bring the folder to today's form. docs/format/manifest.md.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace coffer::format {

struct ManifestLayerV1 {
  std::string layer_id;              // "layer-" + 17 hex digits
  std::optional<Bytes> wrapped_key;  // a ciphertext blob; absent: this layer is not encrypted
  bool operator==(const ManifestLayerV1&) const = default;
};

struct VolumeManifestV1 {
  std::string volume_id;
  uint64_t size_bytes = 0;
  uint64_t epoch = 0;                   // fencing epoch at which the chain last changed
  std::string host_id;                  // who changed it
  std::vector<ManifestLayerV1> layers;  // top layer first, at least one
  bool operator==(const VolumeManifestV1&) const = default;
};

// Written by tests only.
Bytes write_manifest_v1(const VolumeManifestV1& manifest);
// kCorrupt when a check fails, kTooNew for a version of a later release.
Result<VolumeManifestV1> parse_manifest_v1(ByteView bytes);

}  // namespace coffer::format
