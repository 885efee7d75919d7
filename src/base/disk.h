// SPDX-License-Identifier: Apache-2.0
// The Disk seam: every access to stored files that can fail goes through it, so that tests can drop,
// reorder and tear unflushed writes, and return EIO or ENOSPC at any operation.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace coffer {

struct FileRead {
  uint64_t offset = 0;
  MutableByteView out;
};
inline constexpr size_t kMostReadsAtOnce = 64;

// Hears of the reads of a batch as they end, in any order, on the thread that asked for them.
class ReadListener {
 public:
  virtual void arrived(size_t index, Status status) = 0;

 protected:
  ~ReadListener() = default;
};

// An open regular file. Positional calls are thread-safe, as pread(2) and pwrite(2) are.
class File {
 public:
  virtual ~File() = default;
  // Fills all of `out`; bytes past the end of the file read as zero (sparse images need no exact size).
  virtual Status read(uint64_t offset, MutableByteView out) = 0;
  virtual Status write(uint64_t offset, ByteView data) = 0;  // all or an error; extends the file
  virtual Status flush() = 0;                                // fdatasync(2)
  virtual Status punch_hole(uint64_t offset, uint64_t length) = 0;
  // Takes the space now, so that later writes there do not fail with kNoSpace; contents and size stay.
  virtual Status allocate(uint64_t offset, uint64_t length) = 0;
  virtual Status truncate(uint64_t size) = 0;
  virtual Result<uint64_t> size() = 0;
  // The first byte >= offset that is not in a hole, or the file's size if there is none.
  virtual Result<uint64_t> next_data(uint64_t offset) = 0;

  // Beside the page cache: fastest with memory, offsets and lengths that are multiples of 4096.
  virtual bool direct() const { return false; }
  // At most kMostReadsAtOnce, each as read() does it, in flight at once where that gains something.
  virtual void read_many(std::span<const FileRead> reads, ReadListener& listener) {
    for (size_t i = 0; i < reads.size(); ++i) listener.arrived(i, read(reads[i].offset, reads[i].out));
  }

  // The file's own bytes in memory, from `offset` on: at most `length`, perhaps fewer. None where the file is
  // not mapped, as on any disk (file_mapping.h says why): then read() and write() are the way. A view follows
  // what write() writes, lives as long as the file is open, and is touched inside access_mapped()
  // (mapped_access.h) only.
  virtual ByteView mapped(uint64_t /*offset*/, uint64_t /*length*/) { return {}; }
  // The same to write to; flush() covers what was written. Write only where space is taken already: in a hole
  // it may be missing. A process that is killed in the middle leaves that store half done.
  virtual MutableByteView mapped_for_writing(uint64_t /*offset*/, uint64_t /*length*/) { return {}; }
};

struct OpenMode {
  bool create = false;     // make it if absent (mode 0600)
  bool exclusive = false;  // with create: fail if it exists
  bool read_only = false;
  bool bulk = false;  // a volume's data: a disk may keep it out of the page cache
};

class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Status make_directory(const std::string& path) = 0;  // mode 0700; existing is no error
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;           // a file or an empty directory
  virtual Status flush_directory(const std::string& path) = 0;  // fsync(2) of the directory
  virtual Status flush_all(const std::string& path) = 0;  // syncfs(2) of the file system that `path` is on
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;  // names, sorted
  virtual Result<bool> exists(const std::string& path) = 0;
};

Disk& system_disk();
// The same, with bulk files opened with O_DIRECT where their file system takes it; where it does not, the
// first refusal is logged.
Disk& direct_disk();

// Whole-file conveniences over the seam.
Result<Bytes> read_file(Disk& disk, const std::string& path, uint64_t largest = 64 << 20);
// Written aside, flushed, renamed over `path`, directory flushed: old or new after a crash, never torn.
Status replace_file(Disk& disk, const std::string& path, ByteView contents);

}  // namespace coffer
