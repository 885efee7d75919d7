// SPDX-License-Identifier: Apache-2.0
// Many reads of one file in flight at once, by io_uring(7). Rings are made before a process confines itself
// and can do nothing but read: what else io_uring offers would pass by seccomp. Whoever has reads borrows
// one.
#pragma once
#include <memory>
#include <span>

#include "base/disk.h"
#include "base/result.h"

struct io_uring;

namespace coffer {

class ReadRing {
 public:
  // Makes rings for the process, to be borrowed. The error says why the kernel refuses; then there are none.
  static Status prepare(size_t count);
  static size_t prepared();

  // Does `reads`, at most kMostReadsAtOnce, tells `listener` of each, and returns when it has heard of all.
  // False: no ring is free, and nothing was done. Thread-safe.
  static bool read(int descriptor, std::span<const FileRead> reads, ReadListener& listener);

  ~ReadRing();
  ReadRing(const ReadRing&) = delete;
  ReadRing& operator=(const ReadRing&) = delete;

 private:
  explicit ReadRing(std::unique_ptr<io_uring> ring);
  static Result<ReadRing*> create();
  static ReadRing* borrow();
  static void give_back(ReadRing* ring);
  bool run(int descriptor, std::span<const FileRead> reads, ReadListener& listener);
  unsigned reap(int descriptor, std::span<const FileRead> reads, ReadListener& listener);

  const std::unique_ptr<io_uring> ring_;
};

}  // namespace coffer
