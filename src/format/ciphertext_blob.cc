// SPDX-License-Identifier: Apache-2.0
#include "format/ciphertext_blob.h"

#include <algorithm>

#include "format/codec.h"

namespace coffer::format {

Error refused_ciphertext() {
  return Error{ErrorKind::kRefusedCiphertext, "the ciphertext is not valid under this key and context"};
}

Bytes encode(const CiphertextBlobHeader& header) {
  Writer writer;
  writer.u8(kCiphertextBlobVersion).u8(static_cast<uint8_t>(header.blob_class)).raw(header.key_id);
  writer.u32(header.backing_key_version);
  write(writer, header.inputs);
  return writer.take();
}

Result<CiphertextBlob> parse_ciphertext_blob(ByteView bytes) {
  Reader reader(bytes);
  CiphertextBlob blob;
  const uint8_t version = reader.u8();
  const uint8_t blob_class = reader.u8();
  const ByteView key_id = reader.raw(blob.header.key_id.size());
  blob.header.backing_key_version = reader.u32();
  blob.header.inputs = read_message_key_inputs(reader);
  const bool known_class = blob_class == static_cast<uint8_t>(BlobClass::kCustomer) ||
                           blob_class == static_cast<uint8_t>(BlobClass::kVolume);
  if (!reader.ok() || version != kCiphertextBlobVersion || !known_class || reader.left() <= kTagSize)
    return tl::unexpected(refused_ciphertext());
  blob.header.blob_class = static_cast<BlobClass>(blob_class);
  std::copy(key_id.begin(), key_id.end(), blob.header.key_id.begin());
  blob.header_bytes = bytes.first(bytes.size() - reader.left());
  blob.sealed = bytes.last(reader.left());
  return blob;
}

Bytes associated_data(ByteView header_bytes, const EncryptionContext& context) {
  return Writer().raw(header_bytes).raw(frame(context)).take();
}

}  // namespace coffer::format
