// SPDX-License-Identifier: Apache-2.0
// A symmetric encryption key, wherever its material is: in keyd's own memory, or in a PKCS#11 token. What
// makes and opens blobs asks nothing more of it.
#pragma once
#include "keys/backing_keys.h"
#include "keys/data_encryption.h"
#include "keys/hsm_stores.h"

namespace coffer::keys {

// Thread-safe. Errors: those of data_encryption.h, or of hsm_encryption.h.
class SymmetricKey {
 public:
  // `stores` may be null: then a key in a token is kUnavailable. It outlives this.
  SymmetricKey(SharedBackingKey key, BlobKey name, HsmStores* stores)
      : key_(std::move(key)), name_(std::move(name)), stores_(stores) {}

  Result<Bytes> seal(format::BlobClass blob_class, const format::EncryptionContext& context,
                     const secret::SecretBytes& plaintext) const;
  Result<secret::SecretBytes> open(format::BlobClass required_class, const format::EncryptionContext& context,
                                   ByteView blob) const;

 private:
  SharedBackingKey key_;
  BlobKey name_;
  HsmStores* stores_;
};

}  // namespace coffer::keys
