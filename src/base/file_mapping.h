// SPDX-License-Identifier: Apache-2.0
// A file's bytes in this process's address space, shared with the page cache. Mapped at the first use, so
// that a file that nobody reads costs nothing.
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
  // first use, and where the file cannot be mapped. Valid as long as this object; for access_mapped() only.
  // Thread-safe.
  ByteView view(uint64_t offset, uint64_t length);
  // The same to write to, on file systems that are memory; none on any other.
  MutableByteView writable_view(uint64_t offset, uint64_t length);

 private:
  void map();
  MutableByteView part(uint64_t offset, uint64_t length);

  const int descriptor_;
  std::once_flag once_;
  uint8_t* bytes_ = nullptr;
  uint64_t size_ = 0;
  bool writable_ = false;
};

}  // namespace coffer
