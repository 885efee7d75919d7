// SPDX-License-Identifier: Apache-2.0
// Ciphertext blobs under a backing key (docs/format/ciphertext-blob.md). The class of a blob is fixed when it
// is made and authenticated with it.
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "format/encryption_context.h"
#include "format/key_binding.h"
#include "secret/secret_bytes.h"

namespace coffer::keys {

// What a blob says about its key: that of the token it must be opened with.
struct BlobKey {
  std::string key_id;
  uint32_t version = 0;
};
inline BlobKey blob_key(const format::WrappedBackingKey& key) {
  return {key.binding.key_id, key.version};
}

Result<Bytes> seal_blob(const secret::SecretBytes& backing_key, const BlobKey& key,
                        format::BlobClass blob_class, const format::EncryptionContext& context,
                        const secret::SecretBytes& plaintext);
// kRefusedCiphertext, always the same, unless it is an authentic blob of `required_class` under this key and
// context.
Result<secret::SecretBytes> open_blob(const secret::SecretBytes& backing_key, const BlobKey& key,
                                      format::BlobClass required_class,
                                      const format::EncryptionContext& context, ByteView blob);

}  // namespace coffer::keys
