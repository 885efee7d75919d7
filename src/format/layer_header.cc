// SPDX-License-Identifier: Apache-2.0
#include "format/layer_header.h"

#include <fmt/format.h>

#include <algorithm>

#include "format/codec.h"
#include "format/crc32c.h"

namespace coffer::format {
namespace {

constexpr std::string_view kMagic = "COFLAYER";
constexpr size_t kLargestId = 64;
constexpr size_t kChecksumOffset = kLayerHeaderSize - 4;

tl::unexpected<Error> corrupt() {
  return fail(ErrorKind::kCorrupt, "the layer's header is damaged");
}

}  // namespace

Bytes write_layer_header(const LayerHeader& header) {
  Writer writer;
  writer.raw(as_bytes(kMagic)).u16(kLayerVersion).u8(static_cast<uint8_t>(header.cipher)).u32(kSectorSize);
  writer.u64(header.size_bytes).u64(header.epoch).field(header.layer_id).field(header.host_id);
  Bytes bytes = writer.take();
  bytes.resize(kChecksumOffset);
  const Bytes checksum = Writer().u32(crc32c(bytes)).take();
  bytes.insert(bytes.end(), checksum.begin(), checksum.end());
  return bytes;
}

Result<LayerHeader> parse_layer_header(ByteView bytes) {
  if (bytes.size() != kLayerHeaderSize) return corrupt();
  Reader reader(bytes);
  if (as_text(reader.raw(kMagic.size())) != kMagic) return corrupt();
  const uint16_t version = reader.u16();
  if (version == 0) return corrupt();
  if (version > kLayerVersion)
    return fail(
        ErrorKind::kTooNew,
        fmt::format("the layer has format version {}, this release reads up to {}", version, kLayerVersion));
  if (Reader(bytes.subspan(kChecksumOffset)).u32() != crc32c(bytes.first(kChecksumOffset))) return corrupt();

  LayerHeader header;
  const uint8_t cipher = reader.u8();
  const uint32_t sector_size = reader.u32();
  header.cipher = static_cast<LayerCipher>(cipher);
  header.size_bytes = reader.u64();
  header.epoch = reader.u64();
  header.layer_id = reader.text_field();
  header.host_id = reader.text_field();
  if (!reader.ok() || cipher > static_cast<uint8_t>(LayerCipher::kAes256Xts) || sector_size != kSectorSize ||
      header.layer_id.size() > kLargestId || header.host_id.size() > kLargestId || reader.left() < 4)
    return corrupt();
  const ByteView padding = reader.raw(reader.left() - 4);
  if (std::any_of(padding.begin(), padding.end(), [](uint8_t byte) { return byte != 0; })) return corrupt();
  return header;
}

}  // namespace coffer::format
