// SPDX-License-Identifier: Apache-2.0
#include "keys/symmetric_key.h"

#include "keys/hsm_encryption.h"

namespace coffer::keys {
namespace {

tl::unexpected<Error> no_stores() {
  return fail(ErrorKind::kUnavailable, "no key store can be connected here");
}

}  // namespace

Result<Bytes> SymmetricKey::seal(format::BlobClass blob_class, const format::EncryptionContext& context,
                                 const secret::SecretBytes& plaintext) const {
  if (!key_->hsm) return seal_blob(key_->secret, name_, blob_class, context, plaintext);
  if (stores_ == nullptr) return no_stores();
  return seal_hsm_blob(*stores_, *key_->hsm, name_, blob_class, context, plaintext);
}

Result<secret::SecretBytes> SymmetricKey::open(format::BlobClass required_class,
                                               const format::EncryptionContext& context,
                                               ByteView blob) const {
  if (!key_->hsm) return open_blob(key_->secret, name_, required_class, context, blob);
  if (stores_ == nullptr) return no_stores();
  return open_hsm_blob(*stores_, *key_->hsm, name_, required_class, context, blob);
}

}  // namespace coffer::keys
