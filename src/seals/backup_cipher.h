// SPDX-License-Identifier: Apache-2.0
// The encryption of a backup: pieces under AES-256-GCM, each bound to its number, to the archive's header and
// to whether it is the last one. So nothing can be changed, moved, left out or cut off without being noticed.
// Claim: an archive's key is its own (SP 800-108 from the recovery key and a random 128-bit salt), so the
// pieces' numbers may be their IVs.
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "format/backup_archive.h"
#include "secret/secret_bytes.h"

namespace coffer::seals {

inline constexpr size_t kBackupTagSize = 16;

// One direction, one archive, one thread.
class BackupCipher {
 public:
  BackupCipher(const secret::SecretBytes& recovery_key, const format::BackupHeader& header);
  // Ciphertext and tag of the next piece.
  Result<Bytes> seal(const secret::SecretBytes& piece, bool last);
  // kRefusedCiphertext unless it is the next piece of this archive.
  Result<secret::SecretBytes> open(ByteView sealed, bool last);

 private:
  Bytes next_iv();
  Bytes associated_data(bool last) const;

  const Bytes header_;
  const secret::SecretBytes key_;
  uint64_t number_ = 0;
};

}  // namespace coffer::seals
