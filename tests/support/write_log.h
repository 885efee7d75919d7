// SPDX-License-Identifier: Apache-2.0
// Reads the log of a block device's writes that QEMU's blklogwrites filter and the kernel's dm-log-writes
// make (the kernel's Documentation, admin-guide/device-mapper/log-writes): a first sector that counts the
// entries, then for each entry a sector that describes it and the sectors that were written.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/disk.h"
#include "format/codec.h"

namespace coffer::testing {

struct LoggedWrite {
  uint64_t offset = 0, length = 0;  // bytes
  bool flush = false, durable = false, discard = false;
  Bytes data;  // empty for a flush or a discard
};

inline Result<std::vector<LoggedWrite>> read_write_log(Disk& disk, const std::string& path) {
  constexpr uint64_t kMagic = 0x6a736677736872;
  constexpr uint64_t kFlush = 1, kFua = 2, kDiscard = 4;
  COFFER_TRY(file, disk.open(path, {}));
  Bytes head(28);
  COFFER_CHECK(file->read(0, head));
  format::Reader super(head);
  const bool ours = super.u64() == kMagic && super.u64() == 1;
  const uint64_t count = super.u64(), sector = super.u32();
  if (!ours || sector < head.size()) return fail(ErrorKind::kCorrupt, path + " is no log of writes");
  std::vector<LoggedWrite> log;
  uint64_t at = sector;
  for (uint64_t i = 0; i < count; ++i) {
    Bytes described(24);
    COFFER_CHECK(file->read(at, described));
    at += sector;
    format::Reader entry(described);
    LoggedWrite& write = log.emplace_back();
    write.offset = entry.u64() * sector;
    write.length = entry.u64() * sector;
    const uint64_t flags = entry.u64();
    write.flush = (flags & kFlush) != 0;
    write.durable = (flags & kFua) != 0;
    write.discard = (flags & kDiscard) != 0;
    if (write.discard || write.length == 0) continue;
    write.data.resize(write.length);
    COFFER_CHECK(file->read(at, write.data));
    at += write.length;
  }
  return log;
}

}  // namespace coffer::testing
