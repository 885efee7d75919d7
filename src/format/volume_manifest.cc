// SPDX-License-Identifier: Apache-2.0
#include "format/volume_manifest.h"

#include <fmt/format.h>

#include "format/codec.h"
#include "format/crc32c.h"

namespace coffer::format {
namespace {

constexpr std::string_view kMagic = "COFVOLUM";
constexpr size_t kLargestId = 64;
constexpr size_t kLargestKey = 64 << 10;
constexpr uint32_t kMostLayers = 64 << 10;

tl::unexpected<Error> corrupt() {
  return fail(ErrorKind::kCorrupt, "the volume's manifest is damaged");
}

}  // namespace

Bytes write_manifest(const VolumeManifest& manifest) {
  Writer writer;
  writer.raw(as_bytes(kMagic)).u16(kManifestVersion);
  writer.field(manifest.volume_id).u64(manifest.size_bytes).u64(manifest.epoch).field(manifest.host_id);
  writer.u32(static_cast<uint32_t>(manifest.layers.size()));
  for (const ManifestLayer& layer : manifest.layers) {
    writer.field(layer.layer_id).u8(layer.wrapped_key ? 1 : 0);
    if (layer.wrapped_key) writer.field(*layer.wrapped_key);
  }
  writer.u32(crc32c(writer.bytes()));
  return writer.take();
}

Result<VolumeManifest> parse_manifest(ByteView bytes) {
  Reader reader(bytes);
  if (as_text(reader.raw(kMagic.size())) != kMagic) return corrupt();
  const uint16_t version = reader.u16();
  if (!reader.ok() || version == 0) return corrupt();
  if (version > kManifestVersion)
    return fail(ErrorKind::kTooNew,
                fmt::format("the volume's manifest has format version {}, this release reads up to {}",
                            version, kManifestVersion));
  const size_t body_size = bytes.size() < 4 ? 0 : bytes.size() - 4;
  if (Reader(bytes.subspan(body_size)).u32() != crc32c(bytes.first(body_size))) return corrupt();

  VolumeManifest manifest;
  manifest.volume_id = reader.text_field();
  manifest.size_bytes = reader.u64();
  manifest.epoch = reader.u64();
  manifest.host_id = reader.text_field();
  const uint32_t layers = reader.u32();
  if (!reader.ok() || layers == 0 || layers > kMostLayers || manifest.volume_id.size() > kLargestId ||
      manifest.host_id.size() > kLargestId)
    return corrupt();
  for (uint32_t i = 0; i < layers && reader.ok(); ++i) {
    ManifestLayer& layer = manifest.layers.emplace_back();
    layer.layer_id = reader.text_field();
    const uint8_t encrypted = reader.u8();
    if (layer.layer_id.size() > kLargestId || encrypted > 1) return corrupt();
    if (encrypted == 1) layer.wrapped_key = reader.bytes_field();
    if (layer.wrapped_key && (layer.wrapped_key->empty() || layer.wrapped_key->size() > kLargestKey))
      return corrupt();
  }
  reader.u32();  // the checksum, compared above
  if (!reader.at_end()) return corrupt();
  return manifest;
}

}  // namespace coffer::format
