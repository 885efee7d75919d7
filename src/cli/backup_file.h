// SPDX-License-Identifier: Apache-2.0
// An archive as a file or a stream: a header, then pieces, each its length with the highest bit set on the
// last (docs/format/backup.md).
#pragma once
#include <string>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "format/backup_archive.h"
#include "seals/backup_cipher.h"

namespace coffer::cli {

class BackupWriter {
 public:
  // Writes to `descriptor`, which stays the caller's.
  BackupWriter(int descriptor, const secret::SecretBytes& recovery_key, const format::BackupHeader& header);
  Status begin();
  Status add(std::string_view name, ByteView contents);
  // A whole file of `path`, as large as it is now.
  Status add_file(std::string_view name, const std::string& path);
  Status finish();

 private:
  Status put(ByteView plaintext);
  Status flush_piece(bool last);

  int descriptor_;
  format::BackupHeader header_;
  seals::BackupCipher cipher_;
  secret::SecretBytes piece_;
  size_t filled_ = 0;
};

// The header of an archive, read from where `descriptor` stands; then its contents, each piece proven before
// the receiver gets it.
Result<format::BackupHeader> read_backup_header(int descriptor);
Status read_backup(int descriptor, const secret::SecretBytes& recovery_key,
                   const format::BackupHeader& header, format::BackupReceiver& receiver);

}  // namespace coffer::cli
