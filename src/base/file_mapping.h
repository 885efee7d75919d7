// SPDX-License-Identifier: Apache-2.0
// A file's bytes in this process's address space, on file systems that are memory (tmpfs, ramfs). Mapped at
// the first use, so that a file that nobody reads costs nothing.
//
// Not on others: a store into a mapping could be caught half done by writeback, and a page that is missing
// is read with all the read-ahead around it, megabytes for a random read where pread(2) takes 4 KiB.
#pragma once
#include <cstdint>
#include <mutex>

#include "base/bytes.h"

namespace coffer {

class FileMapping {
 public:
  // Does not own the descriptor, which must be open when a view is first asked for.
  explicit FileMapping(int descriptor) : descriptor_(descriptor) {}
  ~FileMapping();
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;

  // The bytes from `offset` on, at most `length`; fewer, or none, past the size that the file had at the
  // first use, and where the file is not mapped. Valid as long as this object; for access_mapped() only.
  // Thread-safe.
  MutableByteView view(uint64_t offset, uint64_t length);

 private:
  void map();

  const int descriptor_;
  std::once_flag once_;
  uint8_t* bytes_ = nullptr;
  uint64_t size_ = 0;
};

}  // namespace coffer
