// SPDX-License-Identifier: Apache-2.0
#include "format/manifest.h"

#include "format/document.h"

namespace coffer::format {
namespace {

constexpr DocumentKind kVolume{"COFVOLHD", 1, "the volume's manifest"};
constexpr DocumentKind kSnapshot{"COFSNPHD", 1, "the snapshot's manifest"};
constexpr DocumentKind kRecord{"COFLAYRC", 1, "the layer's record"};
constexpr DocumentKind kKey{"COFLAYKY", 1, "the layer's key"};
constexpr size_t kLargestId = 64;
constexpr size_t kLargestKey = 64 << 10;

// Anything above 1 is damage: a flag has one spelling.
bool read_flag(Reader& reader) {
  const uint8_t value = reader.u8();
  if (value > 1) reader.fail();
  return value == 1;
}

std::string read_id(Reader& reader, bool may_be_empty = false) {
  std::string id = reader.text_field();
  if (id.size() > kLargestId || (id.empty() && !may_be_empty)) reader.fail();
  return id;
}

}  // namespace

Bytes write_volume_manifest(const VolumeManifest& manifest) {
  Writer writer = begin_document(kVolume);
  writer.field(manifest.volume_id).field(manifest.layer_id);
  return finish_document(std::move(writer));
}

Result<VolumeManifest> parse_volume_manifest(ByteView bytes) {
  COFFER_TRY(reader, open_document(bytes, kVolume));
  VolumeManifest manifest;
  manifest.volume_id = read_id(reader);
  manifest.layer_id = read_id(reader);
  if (!reader.at_end()) return damaged(kVolume);
  return manifest;
}

Bytes write_snapshot_manifest(const SnapshotManifest& manifest) {
  Writer writer = begin_document(kSnapshot);
  writer.field(manifest.snapshot_id).field(manifest.layer_id).u8(manifest.complete ? 1 : 0);
  writer.field(manifest.source_layer_id);
  return finish_document(std::move(writer));
}

Result<SnapshotManifest> parse_snapshot_manifest(ByteView bytes) {
  COFFER_TRY(reader, open_document(bytes, kSnapshot));
  SnapshotManifest manifest;
  manifest.snapshot_id = read_id(reader);
  manifest.layer_id = read_id(reader);
  manifest.complete = read_flag(reader);
  manifest.source_layer_id = read_id(reader, true);
  if (!reader.at_end()) return damaged(kSnapshot);
  return manifest;
}

Bytes write_layer_record(const LayerRecord& record) {
  Writer writer = begin_document(kRecord);
  writer.field(record.layer_id).u64(record.size_bytes).u8(static_cast<uint8_t>(record.cipher));
  writer.field(record.parent_id).u8(record.independent ? 1 : 0);
  return finish_document(std::move(writer));
}

Result<LayerRecord> parse_layer_record(ByteView bytes) {
  COFFER_TRY(reader, open_document(bytes, kRecord));
  LayerRecord record;
  record.layer_id = read_id(reader);
  record.size_bytes = reader.u64();
  const uint8_t cipher = reader.u8();
  record.cipher = static_cast<LayerCipher>(cipher);
  record.parent_id = read_id(reader, true);
  record.independent = read_flag(reader);
  if (!reader.at_end() || cipher > static_cast<uint8_t>(LayerCipher::kAes256Xts) || record.size_bytes == 0 ||
      record.size_bytes % kSectorSize != 0)
    return damaged(kRecord);
  return record;
}

Bytes write_layer_key(const LayerKeyRecord& record) {
  Writer writer = begin_document(kKey);
  writer.field(record.layer_id).field(record.wrapped_key).field(record.context);
  return finish_document(std::move(writer));
}

Result<LayerKeyRecord> parse_layer_key(ByteView bytes) {
  COFFER_TRY(reader, open_document(bytes, kKey));
  LayerKeyRecord record;
  record.layer_id = read_id(reader);
  record.wrapped_key = reader.bytes_field();
  record.context = read_id(reader);
  if (!reader.at_end() || record.wrapped_key.empty() || record.wrapped_key.size() > kLargestKey)
    return damaged(kKey);
  return record;
}

}  // namespace coffer::format
