// SPDX-License-Identifier: Apache-2.0
// Ciphertext blobs under a key in a PKCS#11 token, the blob's second version (docs/format/ciphertext-blob.md,
// which also says why no IV comes twice). Thread-safe.
#pragma once
#include "format/encryption_context.h"
#include "format/hsm_object.h"
#include "keys/data_encryption.h"
#include "keys/hsm_stores.h"

namespace coffer::keys {

// kUnavailable while the key store is not connected. kConflict, KMSInvalidStateException to KMS, whatever
// else the token does not do: it cannot be reached, or does not have the key any more.
Result<Bytes> seal_hsm_blob(HsmStores& stores, const format::HsmObject& object, const BlobKey& key,
                            format::BlobClass blob_class, const format::EncryptionContext& context,
                            const secret::SecretBytes& plaintext);
// Likewise; and kRefusedCiphertext, always the same, unless it is an authentic blob of `required_class` under
// this key and context.
Result<secret::SecretBytes> open_hsm_blob(HsmStores& stores, const format::HsmObject& object,
                                          const BlobKey& key, format::BlobClass required_class,
                                          const format::EncryptionContext& context, ByteView blob);

}  // namespace coffer::keys
