// SPDX-License-Identifier: Apache-2.0
#include "format/volume_manifest_v1.h"

#include "format/document.h"

namespace coffer::format {
namespace {

constexpr DocumentKind kKind{"COFVOLUM", 1, "the volume's manifest"};
constexpr size_t kLargestId = 64;
constexpr size_t kLargestKey = 64 << 10;
constexpr uint32_t kMostLayers = 64 << 10;

}  // namespace

Bytes write_manifest_v1(const VolumeManifestV1& manifest) {
  Writer writer = begin_document(kKind);
  writer.field(manifest.volume_id).u64(manifest.size_bytes).u64(manifest.epoch).field(manifest.host_id);
  writer.u32(static_cast<uint32_t>(manifest.layers.size()));
  for (const ManifestLayerV1& layer : manifest.layers) {
    writer.field(layer.layer_id).u8(layer.wrapped_key ? 1 : 0);
    if (layer.wrapped_key) writer.field(*layer.wrapped_key);
  }
  return finish_document(std::move(writer));
}

Result<VolumeManifestV1> parse_manifest_v1(ByteView bytes) {
  COFFER_TRY(reader, open_document(bytes, kKind));
  VolumeManifestV1 manifest;
  manifest.volume_id = reader.text_field();
  manifest.size_bytes = reader.u64();
  manifest.epoch = reader.u64();
  manifest.host_id = reader.text_field();
  const uint32_t layers = reader.u32();
  if (!reader.ok() || layers == 0 || layers > kMostLayers || manifest.volume_id.size() > kLargestId ||
      manifest.host_id.size() > kLargestId)
    return damaged(kKind);
  for (uint32_t i = 0; i < layers && reader.ok(); ++i) {
    ManifestLayerV1& layer = manifest.layers.emplace_back();
    layer.layer_id = reader.text_field();
    const uint8_t encrypted = reader.u8();
    if (layer.layer_id.size() > kLargestId || encrypted > 1) return damaged(kKind);
    if (encrypted == 1) layer.wrapped_key = reader.bytes_field();
    if (layer.wrapped_key && (layer.wrapped_key->empty() || layer.wrapped_key->size() > kLargestKey))
      return damaged(kKind);
  }
  if (!reader.at_end()) return damaged(kKind);
  return manifest;
}

}  // namespace coffer::format
