// SPDX-License-Identifier: Apache-2.0
#include "seals/sealed_copies.h"

#include "seals/checksum.h"

namespace coffer::seals {
namespace {

constexpr int kCopies = 2;
constexpr uint64_t kLargestCopy = 1 << 20;
constexpr const char* kAside = ".new";

struct Copy {
  Bytes bytes;
  std::optional<format::SealedDomainKeys> parsed;  // views into `bytes`
  bool too_new = false;
};

// The checksum comes first: damage to the version field must not look like a later release.
Copy read_copy(Disk& disk, const std::string& path) {
  Copy copy;
  auto bytes = read_file(disk, path, kLargestCopy);
  if (!bytes) return copy;
  copy.bytes = std::move(*bytes);
  if (!ends_with_checksum(copy.bytes)) return copy;
  const auto parsed = format::parse_sealed_domain_keys(copy.bytes);
  if (parsed) copy.parsed = *parsed;
  copy.too_new = !parsed && parsed.error().kind == ErrorKind::kTooNew;
  return copy;
}

Status write_aside(Disk& disk, const std::string& path, ByteView contents) {
  COFFER_TRY(file, disk.open(path, {.create = true}));
  COFFER_CHECK(file->truncate(0));
  COFFER_CHECK(file->write(0, contents));
  return file->flush();
}

}  // namespace

std::string SealedCopyFiles::path(int copy) const {
  return folder_ + "/domain-keys." + std::to_string(copy);
}

Result<bool> SealedCopyFiles::present() const {
  for (int i = 0; i < kCopies; ++i) {
    COFFER_TRY(there, disk_.exists(path(i)));
    if (there) return true;
  }
  return false;
}

Result<SealedCopies> SealedCopyFiles::read() const {
  COFFER_TRY(there, present());
  if (!there)
    return fail(ErrorKind::kNotFound, "no domain keys in " + folder_ + ": it was never initialised");
  Copy copies[kCopies];
  int newest = -1;
  for (int i = 0; i < kCopies; ++i) {
    copies[i] = read_copy(disk_, path(i));
    if (copies[i].too_new)
      return fail(ErrorKind::kTooNew, path(i) + " was written by a later release of Coffer");
    if (!copies[i].parsed) continue;
    if (newest < 0 || copies[i].parsed->header.sequence > copies[newest].parsed->header.sequence) newest = i;
  }
  if (newest < 0)
    return fail(ErrorKind::kCorrupt, "both copies of the domain keys in " + folder_ +
                                         " are damaged; restore one of them from a backup");
  SealedCopies found;
  found.twins = copies[1 - newest].bytes == copies[newest].bytes;
  found.parsed = std::move(*copies[newest].parsed);
  found.newest = std::move(copies[newest].bytes);
  return found;
}

// Each copy is replaced and flushed by itself, so that one of them is whole at any moment.
Status SealedCopyFiles::replace(ByteView copy) const {
  for (int i = 0; i < kCopies; ++i) COFFER_CHECK(write_aside(disk_, path(i) + kAside, copy));
  for (int i = 0; i < kCopies; ++i) {
    COFFER_CHECK(disk_.rename(path(i) + kAside, path(i)));
    COFFER_CHECK(disk_.flush_directory(folder_));
  }
  return {};
}

Status SealedCopyFiles::mend(ByteView copy) const {
  for (int i = 0; i < kCopies; ++i) {
    const auto present = read_file(disk_, path(i), kLargestCopy);
    if (!present || ByteView(*present).size() != copy.size() ||
        !std::equal(copy.begin(), copy.end(), present->begin()))
      COFFER_CHECK(replace_file(disk_, path(i), copy));
  }
  return {};
}

}  // namespace coffer::seals
