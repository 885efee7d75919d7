// SPDX-License-Identifier: Apache-2.0
#include "format/backup_archive.h"

#include <algorithm>

#include "format/codec.h"

namespace coffer::format {
namespace {

constexpr std::string_view kMagic = "COFFERBK";
constexpr size_t kLongestName = 255;

tl::unexpected<Error> damaged() {
  return fail(ErrorKind::kCorrupt, "the backup is damaged");
}

}  // namespace

Bytes encode(const BackupHeader& header) {
  Writer writer;
  writer.raw(as_bytes(kMagic)).u16(kBackupVersion).u8(static_cast<uint8_t>(header.kind));
  return writer.field(header.parameters).raw(header.salt).take();
}

Result<ParsedBackupHeader> parse_backup_header(ByteView start) {
  const ByteView bounded = start.first(std::min(start.size(), kLargestBackupHeader));
  Reader reader(bounded);
  if (as_text(reader.raw(kMagic.size())) != kMagic)
    return fail(ErrorKind::kCorrupt, "it is no backup of Coffer");
  const uint16_t version = reader.u16();
  if (reader.ok() && version > kBackupVersion)
    return fail(ErrorKind::kTooNew, "the backup was made by a later release of Coffer");
  ParsedBackupHeader parsed;
  const uint8_t kind = reader.u8();
  parsed.header.parameters = reader.bytes_field();
  const ByteView salt = reader.raw(parsed.header.salt.size());
  const bool known =
      kind == static_cast<uint8_t>(SealKind::kKeyFile) || kind == static_cast<uint8_t>(SealKind::kPassphrase);
  if (!reader.ok() || version == 0 || !known) return damaged();
  std::ranges::copy(salt, parsed.header.salt.begin());
  parsed.header.kind = static_cast<SealKind>(kind);
  parsed.size = bounded.size() - reader.left();
  return parsed;
}

bool is_backup_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '/';
  };
  return !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, fits) &&
         name.front() != '/' && name.back() != '/' && name.find("..") == std::string_view::npos &&
         name.find("//") == std::string_view::npos;
}

Bytes encode_backup_entry(std::string_view name, uint64_t size) {
  return Writer().field(name).u64(size).take();
}

// Reads as much of the next file's name and size as there is.
Status BackupContentsParser::begin_file() {
  Reader reader(head_);
  const std::string name = reader.text_field();
  const uint64_t size = reader.u64();
  if (!reader.ok()) return {};
  head_.clear();
  if (!is_backup_name(name)) return damaged();
  COFFER_CHECK(receiver_.begin(name, size));
  left_ = size;
  return size == 0 ? receiver_.end() : Status();
}

Status BackupContentsParser::take(ByteView piece) {
  while (!piece.empty()) {
    if (left_ == 0) {
      head_.push_back(piece.front());
      piece = piece.subspan(1);
      if (head_.size() > 4 + kLongestName + 8) return damaged();
      if (head_.size() >= 4 + 1 + 8) COFFER_CHECK(begin_file());
      continue;
    }
    const ByteView part = piece.first(static_cast<size_t>(std::min<uint64_t>(left_, piece.size())));
    COFFER_CHECK(receiver_.contents(part));
    piece = piece.subspan(part.size());
    left_ -= part.size();
    if (left_ == 0) COFFER_CHECK(receiver_.end());
  }
  return {};
}

Status BackupContentsParser::finish() const {
  if (left_ != 0 || !head_.empty()) return damaged();
  return {};
}

}  // namespace coffer::format
