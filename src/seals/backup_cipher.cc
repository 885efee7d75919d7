// SPDX-License-Identifier: Apache-2.0
#include "seals/backup_cipher.h"

#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "format/codec.h"

namespace coffer::seals {

BackupCipher::BackupCipher(const secret::SecretBytes& recovery_key, const format::BackupHeader& header)
    : header_(format::encode(header)),
      key_(crypto::derive_key(recovery_key, "coffer backup v1", header.salt, crypto::kAeadKeySize)) {}

Bytes BackupCipher::next_iv() {
  return format::Writer().u32(0).u64(number_++).take();
}

Bytes BackupCipher::associated_data(bool last) const {
  return format::Writer().raw(header_).u8(last ? 1 : 0).take();
}

Result<Bytes> BackupCipher::seal(const secret::SecretBytes& piece, bool last) {
  return crypto::aead_seal(key_, next_iv(), associated_data(last), piece);
}

Result<secret::SecretBytes> BackupCipher::open(ByteView sealed, bool last) {
  return crypto::aead_open(key_, next_iv(), associated_data(last), sealed);
}

}  // namespace coffer::seals
