// SPDX-License-Identifier: Apache-2.0
#include "format/hsm_blob.h"

#include <algorithm>

#include "format/codec.h"

namespace coffer::format {

Bytes encode(const HsmBlobHeader& header) {
  Writer writer;
  writer.u8(kHsmBlobVersion).u8(static_cast<uint8_t>(header.blob_class)).raw(header.key_id);
  return writer.u32(header.backing_key_version).raw(header.object_id).take();
}

Result<HsmBlob> parse_hsm_blob(ByteView bytes) {
  Reader reader(bytes);
  HsmBlob blob;
  const uint8_t version = reader.u8();
  const uint8_t blob_class = reader.u8();
  const ByteView key_id = reader.raw(blob.header.key_id.size());
  blob.header.backing_key_version = reader.u32();
  const ByteView object_id = reader.raw(blob.header.object_id.size());
  const size_t header_size = bytes.size() - reader.left();
  blob.iv = reader.raw(kHsmIvSize);
  const bool known_class = blob_class == static_cast<uint8_t>(BlobClass::kCustomer) ||
                           blob_class == static_cast<uint8_t>(BlobClass::kVolume);
  if (!reader.ok() || version != kHsmBlobVersion || !known_class || reader.left() <= kTagSize)
    return tl::unexpected(refused_ciphertext());
  blob.header.blob_class = static_cast<BlobClass>(blob_class);
  std::ranges::copy(key_id, blob.header.key_id.begin());
  std::ranges::copy(object_id, blob.header.object_id.begin());
  blob.header_bytes = bytes.first(header_size);
  blob.sealed = bytes.last(reader.left());
  return blob;
}

Result<BlobClaim> claim_of_blob(ByteView bytes) {
  if (!bytes.empty() && bytes.front() == kHsmBlobVersion) {
    COFFER_TRY(blob, parse_hsm_blob(bytes));
    return BlobClaim{blob.header.key_id, blob.header.backing_key_version};
  }
  COFFER_TRY(blob, parse_ciphertext_blob(bytes));
  return BlobClaim{blob.header.key_id, blob.header.backing_key_version};
}

}  // namespace coffer::format
