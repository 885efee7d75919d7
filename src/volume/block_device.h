// SPDX-License-Identifier: Apache-2.0
// What the I/O path is a chain of: export -> (throttle -> stats ->) volume -> store. Offsets and lengths are
// in bytes, within size(). Any alignment is allowed; 4096-byte alignment is fast. All calls are thread-safe
// and synchronous; a write is durable after a flush() that began after the write returned.
#pragma once
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace coffer::volume {

class BlockDevice {
 public:
  virtual ~BlockDevice() = default;
  virtual uint64_t size() const = 0;
  virtual Status read(uint64_t offset, MutableByteView out) = 0;
  // `durable`: FUA, the write is durable when it returns.
  virtual Status write(uint64_t offset, ByteView data, bool durable) = 0;
  virtual Status flush() = 0;
  // Contents read as zero afterwards (whole sectors inside the range; the edges may keep their contents).
  virtual Status discard(uint64_t offset, uint64_t length, bool durable) = 0;
  // Contents read as zero afterwards, exactly. `keep_allocated`: do not give space back (NBD NO_HOLE).
  virtual Status write_zeroes(uint64_t offset, uint64_t length, bool keep_allocated, bool durable) = 0;

  // Reads that were asked for together. Where the device gains from it, they are in flight at once.
  struct Read {
    uint64_t offset = 0;
    MutableByteView out;
    Status status = {};
  };
  virtual bool gains_from_batches() const { return false; }
  virtual void read_batch(std::span<Read> reads) {
    for (Read& one : reads) one.status = read(one.offset, one.out);
  }

  // A run of equal allocation from `offset` on, at most `length` long: for NBD base:allocation and
  // coffer:depth.
  struct Extent {
    uint64_t length = 0;
    bool hole = false;
    bool zero = false;
    uint32_t depth = 0;  // of the layer that holds it: 1 is the top one, 2 the one below; 0: none does
  };
  virtual Result<Extent> extent(uint64_t offset, uint64_t length) = 0;
};

}  // namespace coffer::volume
