// SPDX-License-Identifier: Apache-2.0
// An archive as a file or a stream: a header, then pieces, each its length with the highest bit set on the
// last (docs/format/backup.md).
#pragma once
#include <functional>
#include <string>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "format/backup_archive.h"
#include "seals/backup_cipher.h"

namespace coffer::cli {

// Where an archive goes and comes from, in order. Reading fills all that was asked for, or is kCorrupt at the
// end.
using BackupSink = std::function<Status(ByteView)>;
using BackupSource = std::function<Status(MutableByteView)>;
// `descriptor` and `bytes` stay the caller's.
BackupSink to_descriptor(int descriptor);
BackupSource from_descriptor(int descriptor);
BackupSource from_bytes(ByteView bytes);

class BackupWriter {
 public:
  BackupWriter(BackupSink sink, const secret::SecretBytes& recovery_key, const format::BackupHeader& header);
  Status begin();
  Status add(std::string_view name, ByteView contents);
  // A whole file of `path`, as large as it is now.
  Status add_file(std::string_view name, const std::string& path);
  Status finish();

 private:
  Status put(ByteView plaintext);
  Status flush_piece(bool last);

  const BackupSink sink_;
  format::BackupHeader header_;
  seals::BackupCipher cipher_;
  secret::SecretBytes piece_;
  size_t filled_ = 0;
};

// The header of an archive; then its contents, each piece proven before the receiver gets it.
Result<format::BackupHeader> read_backup_header(const BackupSource& source);
Status read_backup(const BackupSource& source, const secret::SecretBytes& recovery_key,
                   const format::BackupHeader& header, format::BackupReceiver& receiver);

}  // namespace coffer::cli
