// SPDX-License-Identifier: Apache-2.0
#include "keys/data_encryption.h"

#include "format/ciphertext_blob.h"
#include "format/codec.h"
#include "format/key_id.h"
#include "keys/message_sealing.h"

namespace coffer::keys {
namespace {
constexpr std::string_view kLabel = "coffer blob v1";
}

Result<Bytes> seal_blob(const secret::SecretBytes& backing_key, const BlobKey& key,
                        format::BlobClass blob_class, const format::EncryptionContext& context,
                        const secret::SecretBytes& plaintext) {
  const auto key_id = format::key_id_bytes(key.key_id);
  if (!key_id || plaintext.empty())
    return fail(ErrorKind::kInvalidArgument, "a blob needs a key id and at least one byte");
  const format::CiphertextBlobHeader header{blob_class, *key_id, key.version, random_message_key_inputs()};
  const Bytes header_bytes = format::encode(header);
  COFFER_TRY(sealed, seal_message(backing_key, kLabel, header.inputs,
                                  format::associated_data(header_bytes, context), plaintext));
  return format::Writer().raw(header_bytes).raw(sealed).take();
}

Result<secret::SecretBytes> open_blob(const secret::SecretBytes& backing_key, const BlobKey& key,
                                      format::BlobClass required_class,
                                      const format::EncryptionContext& context, ByteView blob) {
  COFFER_TRY(parsed, format::parse_ciphertext_blob(blob));
  if (parsed.header.blob_class != required_class || format::key_id_text(parsed.header.key_id) != key.key_id ||
      parsed.header.backing_key_version != key.version)
    return tl::unexpected(format::refused_ciphertext());
  return open_message(backing_key, kLabel, parsed.header.inputs,
                      format::associated_data(parsed.header_bytes, context), parsed.sealed);
}

}  // namespace coffer::keys
