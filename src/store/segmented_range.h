// SPDX-License-Identifier: Apache-2.0
// A ByteRange over files of equal size (the last may be shorter), side by side.
#pragma once
#include <memory>
#include <vector>

#include "base/disk.h"
#include "store/store.h"

namespace coffer::store {

class SegmentedRange final : public ByteRange {
 public:
  SegmentedRange(std::vector<std::unique_ptr<File>> segments, uint64_t segment_size, uint64_t size)
      : segments_(std::move(segments)), segment_size_(segment_size), size_(size) {}

  Status lengthen();     // makes every file as long as it must be; none becomes shorter
  Status check_sizes();  // kCorrupt if a file is too short

  uint64_t size() const override { return size_; }
  Status read(uint64_t offset, MutableByteView out) override;
  Status write(uint64_t offset, ByteView data) override;
  Status discard(uint64_t offset, uint64_t length) override;
  Status reserve(uint64_t offset, uint64_t length) override;
  Status flush() override;
  Result<uint64_t> next_data(uint64_t offset) override;
  bool direct() const override;
  void read_many(std::span<const FileRead> reads, ReadListener& listener) override;
  ByteView mapped(uint64_t offset, uint64_t length) override;
  MutableByteView mapped_for_writing(uint64_t offset, uint64_t length) override;

 private:
  uint64_t segment_bytes(size_t index) const;
  template <class Action>  // Status(File&, offset in the file, offset in the range of the call, length)
  Status for_each_piece(uint64_t offset, uint64_t length, Action action);

  const std::vector<std::unique_ptr<File>> segments_;
  const uint64_t segment_size_;
  const uint64_t size_;
};

}  // namespace coffer::store
