// SPDX-License-Identifier: Apache-2.0
#include "format/external_blob.h"

#include <algorithm>

#include "format/ciphertext_blob.h"
#include "format/codec.h"

namespace coffer::format {
namespace {

constexpr size_t kShortIv = 12, kLongIv = 16;
constexpr size_t kLongestMetadata = 20;

void write(Writer& writer, const ExternalBlobHeader& header) {
  writer.u8(kExternalBlobVersion).u8(static_cast<uint8_t>(header.blob_class));
  writer.raw(header.key_id).u32(header.backing_key_version);
}

}  // namespace

bool is_well_formed(const ExternallySealed& sealed) {
  return (sealed.iv.size() == kShortIv || sealed.iv.size() == kLongIv) &&
         sealed.metadata.size() <= kLongestMetadata && sealed.tag.size() == kTagSize &&
         !sealed.ciphertext.empty();
}

Bytes encode(const ExternalBlob& blob) {
  Writer writer;
  write(writer, blob.header);
  writer.u8(static_cast<uint8_t>(blob.sealed.iv.size())).raw(blob.sealed.iv);
  writer.u8(static_cast<uint8_t>(blob.sealed.metadata.size())).raw(blob.sealed.metadata);
  return writer.raw(blob.sealed.tag).raw(blob.sealed.ciphertext).take();
}

Result<ExternalBlob> parse_external_blob(ByteView bytes) {
  Reader reader(bytes);
  ExternalBlob blob;
  const uint8_t version = reader.u8();
  const uint8_t blob_class = reader.u8();
  const ByteView key_id = reader.raw(blob.header.key_id.size());
  blob.header.backing_key_version = reader.u32();
  blob.sealed.iv = to_bytes(reader.raw(reader.u8()));
  blob.sealed.metadata = to_bytes(reader.raw(reader.u8()));
  blob.sealed.tag = to_bytes(reader.raw(kTagSize));
  blob.sealed.ciphertext = to_bytes(reader.raw(reader.left()));
  const bool known_class = blob_class == static_cast<uint8_t>(BlobClass::kCustomer) ||
                           blob_class == static_cast<uint8_t>(BlobClass::kVolume);
  if (!reader.at_end() || version != kExternalBlobVersion || !known_class || !is_well_formed(blob.sealed))
    return tl::unexpected(refused_ciphertext());
  blob.header.blob_class = static_cast<BlobClass>(blob_class);
  std::copy(key_id.begin(), key_id.end(), blob.header.key_id.begin());
  return blob;
}

Bytes external_associated_data(const ExternalBlobHeader& header, ByteView context_digest) {
  Writer writer;
  write(writer, header);
  return writer.raw(context_digest).take();
}

}  // namespace coffer::format
