// SPDX-License-Identifier: Apache-2.0
#include "seals/sealed_copies.h"

#include <algorithm>

#include "base/log.h"
#include "seals/checksum.h"

namespace coffer::seals {
namespace {

constexpr int kCopies = 2;
constexpr uint64_t kLargestCopy = 1 << 20;

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
  COFFER_TRY(file, disk.open(path, {.create = true, .exclusive = true}));
  COFFER_CHECK(file->write(0, contents));
  return file->flush();
}

// In place: a file system that writes in place, on a disk that does, keeps nothing of what was there.
Status overwrite(Disk& disk, const std::string& path) {
  COFFER_TRY(file, disk.open(path, {}));
  COFFER_TRY(size, file->size());
  const Bytes zeros(std::min(size, kLargestCopy));
  COFFER_CHECK(file->write(0, zeros));
  return file->flush();
}

// A file that cannot be overwritten must not keep its successor out: a new file lies elsewhere on the disk.
Status overwrite_if_present(Disk& disk, const std::string& path) {
  COFFER_TRY(there, disk.exists(path));
  if (!there) return {};
  if (const Status done = overwrite(disk, path); !done)
    log_warning("an old copy of the sealed domain keys could not be overwritten: {}", done.error().message);
  return {};
}

struct Copies {
  Copy each[kCopies];
  int newest = -1;  // none counts
};

Copies read_both(Disk& disk, const std::string& first, const std::string& second) {
  Copies copies{{read_copy(disk, first), read_copy(disk, second)}};
  for (int i = 0; i < kCopies; ++i) {
    const auto& parsed = copies.each[i].parsed;
    if (parsed &&
        (copies.newest < 0 || parsed->header.sequence > copies.each[copies.newest].parsed->header.sequence))
      copies.newest = i;
  }
  return copies;
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
  Copies copies = read_both(disk_, path(0), path(1));
  // Each may have been read at the moment when it was being replaced.
  if (copies.newest < 0) copies = read_both(disk_, path(0), path(1));
  for (int i = 0; i < kCopies; ++i)
    if (copies.each[i].too_new)
      return fail(ErrorKind::kTooNew, path(i) + " was written by a later release of Coffer");
  if (copies.newest < 0)
    return fail(ErrorKind::kCorrupt, "both copies of the domain keys in " + folder_ +
                                         " are damaged; restore one of them from a backup");
  Copy& newest = copies.each[copies.newest];
  SealedCopies found;
  found.twins = copies.each[1 - copies.newest].bytes == newest.bytes;
  found.parsed = std::move(*newest.parsed);
  found.newest = std::move(newest.bytes);
  return found;
}

int SealedCopyFiles::newest() const {
  return std::max(0, read_both(disk_, path(0), path(1)).newest);
}

// Each copy is replaced and flushed by itself, and the one that counts comes last, so that one of them is
// whole at any moment: overwriting destroys a copy before the new one has its name.
Status SealedCopyFiles::replace(ByteView copy) const {
  COFFER_CHECK(remove_leftovers());
  for (int i = 0; i < kCopies; ++i) COFFER_CHECK(write_aside(disk_, aside(i), copy));
  const int last = newest();
  for (const int i : {1 - last, last}) {
    COFFER_CHECK(overwrite_if_present(disk_, path(i)));
    COFFER_CHECK(disk_.rename(aside(i), path(i)));
    COFFER_CHECK(disk_.flush_directory(folder_));
  }
  return {};
}

Status SealedCopyFiles::remove_leftovers() const {
  for (int i = 0; i < kCopies; ++i) {
    COFFER_TRY(there, disk_.exists(aside(i)));
    if (!there) continue;
    COFFER_CHECK(overwrite_if_present(disk_, aside(i)));
    COFFER_CHECK(disk_.remove(aside(i)));
    COFFER_CHECK(disk_.flush_directory(folder_));
  }
  return {};
}

Status SealedCopyFiles::mend(ByteView copy) const {
  for (int i = 0; i < kCopies; ++i) {
    const auto present = read_file(disk_, path(i), kLargestCopy);
    if (!present || ByteView(*present).size() != copy.size() ||
        !std::equal(copy.begin(), copy.end(), present->begin())) {
      COFFER_CHECK(overwrite_if_present(disk_, path(i)));
      COFFER_CHECK(replace_file(disk_, path(i), copy));
    }
  }
  return {};
}

}  // namespace coffer::seals
