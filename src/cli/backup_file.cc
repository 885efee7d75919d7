// SPDX-License-Identifier: Apache-2.0
#include "cli/backup_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "format/codec.h"

namespace coffer::cli {
namespace {

using format::kBackupPiece;
using secret::RawAccess;
using secret::SecretBytes;

constexpr uint32_t kLast = 1u << 31;
// Before the parameters, their length, and the salt.
constexpr size_t kHeaderStart = 8 + 2 + 1 + 4, kSaltSize = 16;

tl::unexpected<Error> cut_off() {
  return fail(ErrorKind::kCorrupt, "the backup is cut off");
}

Status write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("write the backup");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

// kCorrupt at the end of the file.
Status read_all(int descriptor, MutableByteView out) {
  while (!out.empty()) {
    const ssize_t got = ::read(descriptor, out.data(), out.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("read the backup");
    if (got == 0) return cut_off();
    out = out.subspan(static_cast<size_t>(got));
  }
  return {};
}

}  // namespace

BackupSink to_descriptor(int descriptor) {
  return [descriptor](ByteView bytes) { return write_all(descriptor, bytes); };
}

BackupSource from_descriptor(int descriptor) {
  return [descriptor](MutableByteView out) { return read_all(descriptor, out); };
}

BackupSource from_bytes(ByteView bytes) {
  return [bytes](MutableByteView out) mutable -> Status {
    if (out.size() > bytes.size()) return cut_off();
    std::ranges::copy(bytes.first(out.size()), out.begin());
    bytes = bytes.subspan(out.size());
    return {};
  };
}

BackupWriter::BackupWriter(BackupSink sink, const SecretBytes& recovery_key,
                           const format::BackupHeader& header)
    : sink_(std::move(sink)), header_(header), cipher_(recovery_key, header), piece_(kBackupPiece) {}

Status BackupWriter::begin() {
  return sink_(format::encode(header_));
}

Status BackupWriter::flush_piece(bool last) {
  COFFER_TRY(sealed, cipher_.seal(piece_.slice(0, filled_), last));
  filled_ = 0;
  const uint32_t length = static_cast<uint32_t>(sealed.size()) | (last ? kLast : 0);
  COFFER_CHECK(sink_(format::Writer().u32(length).bytes()));
  return sink_(sealed);
}

Status BackupWriter::put(ByteView plaintext) {
  const MutableByteView piece = piece_.write(RawAccess::because("what is backed up is collected in pieces"));
  while (!plaintext.empty()) {
    const size_t part = std::min(plaintext.size(), piece.size() - filled_);
    std::copy_n(plaintext.begin(), part, piece.begin() + static_cast<ptrdiff_t>(filled_));
    filled_ += part;
    plaintext = plaintext.subspan(part);
    if (filled_ == piece.size()) COFFER_CHECK(flush_piece(false));
  }
  return {};
}

Status BackupWriter::add(std::string_view name, ByteView contents) {
  COFFER_CHECK(put(format::encode_backup_entry(name, contents.size())));
  return put(contents);
}

Status BackupWriter::add_file(std::string_view name, const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status {};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) return fail_errno(path);
  COFFER_CHECK(put(format::encode_backup_entry(name, static_cast<uint64_t>(status.st_size))));
  SecretBytes buffer(kBackupPiece);
  const MutableByteView raw = buffer.write(RawAccess::because("a file is backed up"));
  for (auto left = static_cast<uint64_t>(status.st_size); left > 0;) {
    const MutableByteView part = raw.first(static_cast<size_t>(std::min<uint64_t>(left, raw.size())));
    COFFER_CHECK(read_all(file.get(), part));
    COFFER_CHECK(put(part));
    left -= part.size();
  }
  return {};
}

Status BackupWriter::finish() {
  return flush_piece(true);
}

Result<format::BackupHeader> read_backup_header(const BackupSource& source) {
  Bytes start(kHeaderStart);
  COFFER_CHECK(source(start));
  format::Reader length_field(ByteView(start).last(4));
  const uint32_t length = length_field.u32();
  if (length > format::kLargestBackupHeader - kHeaderStart - kSaltSize)
    return fail(ErrorKind::kCorrupt, "it is no backup of Coffer");
  start.resize(kHeaderStart + length + kSaltSize);
  COFFER_CHECK(source(MutableByteView(start).subspan(kHeaderStart)));
  COFFER_TRY(parsed, format::parse_backup_header(start));
  return std::move(parsed.header);
}

Status read_backup(const BackupSource& source, const SecretBytes& recovery_key,
                   const format::BackupHeader& header, format::BackupReceiver& receiver) {
  seals::BackupCipher cipher(recovery_key, header);
  format::BackupContentsParser parser(receiver);
  Bytes sealed;
  for (bool last = false; !last;) {
    Bytes prefix(4);
    COFFER_CHECK(source(prefix));
    const uint32_t word = format::Reader(prefix).u32();
    last = (word & kLast) != 0;
    const uint32_t length = word & ~kLast;
    if (length < seals::kBackupTagSize || length > kBackupPiece + seals::kBackupTagSize)
      return fail(ErrorKind::kCorrupt, "the backup is damaged");
    sealed.resize(length);
    COFFER_CHECK(source(sealed));
    auto piece = cipher.open(sealed, last);
    if (!piece)
      return fail(ErrorKind::kRefusedCiphertext,
                  "the backup does not open: it is damaged, or this is not what it was sealed with");
    COFFER_CHECK(parser.take(piece->read(RawAccess::because("what was backed up is restored"))));
  }
  return parser.finish();
}

}  // namespace coffer::cli
