// SPDX-License-Identifier: Apache-2.0
// The documents that say which layers there are and who holds them (docs/format/manifest.md):
//   vol-…/volume     a volume: its top layer
//   snap-…/snapshot  a snapshot: its layer, and what a copy is made of while it is not complete
//   layer-…/record   a layer: its size, its cipher and the layer below
//   layer-…/key      its wrapped data key: written once, erased once, never rewritten
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "format/layer_header.h"

namespace coffer::format {

struct VolumeManifest {
  std::string volume_id;
  std::string layer_id;  // the top layer; the volume's size is that layer's
  bool operator==(const VolumeManifest&) const = default;
};

struct SnapshotManifest {
  std::string snapshot_id;
  std::string layer_id;
  bool complete = false;        // durable and whole
  std::string source_layer_id;  // a copy that is not complete: it is made of this layer and those below
  bool operator==(const SnapshotManifest&) const = default;
};

struct LayerRecord {
  std::string layer_id;
  uint64_t size_bytes = 0;  // of the volume; a multiple of the sector size
  LayerCipher cipher = LayerCipher::kNone;
  std::string parent_id;     // the layer below; empty: what is absent is zero
  bool independent = false;  // it is to be filled from below until it needs no parent
  bool operator==(const LayerRecord&) const = default;
};

struct LayerKeyRecord {
  std::string layer_id;
  Bytes wrapped_key;    // a ciphertext blob of KMS
  std::string context;  // aws:ebs:id of the encryption context
  bool operator==(const LayerKeyRecord&) const = default;
};

// Ids of at most 64 bytes, wrapped keys of at most 64 KiB.
Bytes write_volume_manifest(const VolumeManifest& manifest);
Bytes write_snapshot_manifest(const SnapshotManifest& manifest);
Bytes write_layer_record(const LayerRecord& record);
Bytes write_layer_key(const LayerKeyRecord& record);
// kCorrupt when a check fails, kTooNew for a version of a later release.
Result<VolumeManifest> parse_volume_manifest(ByteView bytes);
Result<SnapshotManifest> parse_snapshot_manifest(ByteView bytes);
Result<LayerRecord> parse_layer_record(ByteView bytes);
Result<LayerKeyRecord> parse_layer_key(ByteView bytes);

}  // namespace coffer::format
