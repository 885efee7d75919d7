// SPDX-License-Identifier: Apache-2.0
// Where volumes keep their bytes: named sparse byte ranges and small documents in one folder a volume. Local
// files now; anything that can read, write, discard and flush a range can take their place. All calls are
// thread-safe, except creating and removing the same name at once.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/disk.h"
#include "base/result.h"

namespace coffer::store {

// A sparse range of fixed size. What was never written, or was discarded, reads as zero.
class ByteRange {
 public:
  virtual ~ByteRange() = default;
  virtual uint64_t size() const = 0;
  virtual Status read(uint64_t offset, MutableByteView out) = 0;
  virtual Status write(uint64_t offset, ByteView data) = 0;  // in the order of the calls only after a flush
  virtual Status discard(uint64_t offset, uint64_t length) = 0;  // gives the space back
  virtual Status reserve(uint64_t offset,
                         uint64_t length) = 0;  // later writes there do not fail with kNoSpace
  virtual Status flush() = 0;                   // what was written before is durable
  // The first offset >= `offset` that may hold something else than zero; size() if there is none.
  virtual Result<uint64_t> next_data(uint64_t offset) = 0;

  // Many reads at once gain something, into memory aligned to 4096: see File (base/disk.h) for both.
  virtual bool direct() const { return false; }
  virtual void read_many(std::span<const FileRead> reads, ReadListener& listener) {
    for (size_t i = 0; i < reads.size(); ++i) listener.arrived(i, read(reads[i].offset, reads[i].out));
  }

  // The stored bytes themselves where they lie in memory: see File::mapped (base/disk.h) for what a view is
  // good for. At most `length`, perhaps fewer, none past the end or where nothing is mapped.
  virtual ByteView mapped(uint64_t /*offset*/, uint64_t /*length*/) { return {}; }
  virtual MutableByteView mapped_for_writing(uint64_t /*offset*/, uint64_t /*length*/) { return {}; }
};

enum class Layout {
  kSegmented,  // files NAME.000, NAME.001 … of the store's segment size
  kSingle,     // one file NAME
};

class Store {
 public:
  virtual ~Store() = default;

  // Folders. Both are durable when they return; creating what exists, or removing what does not, succeeds.
  virtual Status create_folder(const std::string& folder) = 0;
  virtual Status remove_folder(const std::string& folder) = 0;  // with all that is in it
  virtual Result<std::vector<std::string>> folders() = 0;
  virtual Status clear_folder(const std::string& folder) = 0;  // removes all names in it
  virtual Status flush_all() = 0;  // all that anybody wrote to the store, names and contents, is durable

  // Ranges. A created range is durable (and all zero) when create_range returns. kCorrupt from open_range if
  // less is stored than `size` (more is left by growing that was cut short), kNotFound if there is none.
  virtual Result<std::unique_ptr<ByteRange>> create_range(const std::string& folder, const std::string& name,
                                                          uint64_t size, Layout layout) = 0;
  virtual Result<std::unique_ptr<ByteRange>> open_range(const std::string& folder, const std::string& name,
                                                        uint64_t size, Layout layout) = 0;

  // Makes a range longer (`size` is the new one, at least the old); what is new is zero, and durable with the
  // next flush of the range that is opened with the new size. Ranges that
  // are open keep their size. Repeating it succeeds.
  virtual Status grow_range(const std::string& folder, const std::string& name, uint64_t size,
                            Layout layout) = 0;
  // Gives a range another folder and name, durably. Succeeds when it was done before.
  virtual Status move_range(const std::string& folder, const std::string& name, const std::string& to_folder,
                            const std::string& to_name, uint64_t size, Layout layout) = 0;

  // Documents: read whole, replaced whole, old or new after a crash.
  virtual Result<Bytes> read_document(const std::string& folder,
                                      const std::string& name) = 0;  // or kNotFound
  virtual Status replace_document(const std::string& folder, const std::string& name, ByteView contents) = 0;
  // Overwritten with zeros in place, flushed, removed; needs no free space. Absent is no error.
  virtual Status erase_document(const std::string& folder, const std::string& name) = 0;
};

inline constexpr uint64_t kSegmentSize = uint64_t{8} << 40;  // ext4 ends at 16 TiB a file

// Folders of `root` on `disk`; makes `root` (not its parents) if it is not there. `disk` must outlive the
// store.
Result<std::unique_ptr<Store>> open_file_store(Disk& disk, const std::string& root,
                                               uint64_t segment_size = kSegmentSize);

}  // namespace coffer::store
