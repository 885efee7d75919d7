// SPDX-License-Identifier: Apache-2.0
// The outside and the inside of a backup (docs/format/backup.md). Pure and bounded: an archive of any size is
// read a piece at a time.
#pragma once
#include <array>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "format/sealed_domain_keys.h"

namespace coffer::format {

inline constexpr uint16_t kBackupVersion = 1;
inline constexpr size_t kBackupPiece = 64 << 10;  // plaintext bytes in a piece; the last has fewer
inline constexpr size_t kLargestBackupHeader = 4096;

// Who opens it: a passphrase or a key file, with the parameters of a seal of that kind.
struct BackupHeader {
  SealKind kind = SealKind::kPassphrase;
  Bytes parameters;
  std::array<uint8_t, 16> salt{};
};
Bytes encode(const BackupHeader& header);

struct ParsedBackupHeader {
  BackupHeader header;
  size_t size = 0;  // of the header, in bytes
};
// `start`: the archive's first bytes, at least kLargestBackupHeader of them or all. kCorrupt, kTooNew.
Result<ParsedBackupHeader> parse_backup_header(ByteView start);

// What is inside: files, one after the other, each a name, a size and its bytes.
class BackupReceiver {
 public:
  virtual ~BackupReceiver() = default;
  virtual Status begin(const std::string& name, uint64_t size) = 0;
  virtual Status contents(ByteView piece) = 0;
  virtual Status end() = 0;
};

// Takes the plaintext in pieces of any size, in order. One thread.
class BackupContentsParser {
 public:
  explicit BackupContentsParser(BackupReceiver& receiver) : receiver_(receiver) {}
  Status take(ByteView piece);
  // After the last piece: kCorrupt when something is cut off.
  Status finish() const;

 private:
  Status begin_file();

  BackupReceiver& receiver_;
  Bytes head_;         // of the file that comes, as far as it is there
  uint64_t left_ = 0;  // of the file under way
};

// A name in an archive: at most 255 letters, digits and "._-/", relative, without "..".
bool is_backup_name(std::string_view name);
Bytes encode_backup_entry(std::string_view name, uint64_t size);

}  // namespace coffer::format
