// SPDX-License-Identifier: Apache-2.0
// Volume::read_batch: the chunks of all reads are held shared together, each once, the lowest stripe first,
// so that two batches cannot wait for each other; whoever holds a chunk exclusively waits for no other.
#include <array>
#include <bitset>

#include "volume/volume.h"

namespace coffer::volume {
namespace {

// Whole sectors of one chunk.
bool is_simple(const BlockDevice::Read& read) {
  return !read.out.empty() && read.offset % kSectorSize == 0 && read.out.size() % kSectorSize == 0 &&
         read.offset / kChunkSize == (read.offset + read.out.size() - 1) / kChunkSize;
}

}  // namespace

void Volume::read_batch(std::span<Read> reads) {
  std::array<SectorsToRead, kMostReadsAtOnce> together;
  std::array<std::shared_lock<std::shared_mutex>, kMostReadsAtOnce> held;
  while (!reads.empty()) {
    const std::span<Read> now = reads.first(std::min(reads.size(), together.size()));
    reads = reads.subspan(now.size());

    std::array<uint64_t, RangeLock::kStripes> offset_of{};
    std::bitset<RangeLock::kStripes> wanted;
    for (const Read& one : now) {
      if (!is_simple(one) || !check_range(one.offset, one.out.size())) continue;
      wanted.set(RangeLock::stripe_of(one.offset));
      offset_of[RangeLock::stripe_of(one.offset)] = one.offset;
    }
    size_t locks = 0;
    for (size_t stripe = 0; stripe < wanted.size(); ++stripe)
      if (wanted.test(stripe)) held[locks++] = locks_.share(offset_of[stripe]);

    size_t count = 0;
    std::bitset<kMostReadsAtOnce> left;
    for (size_t i = 0; i < now.size(); ++i) {
      const SectorRange range{now[i].offset / kSectorSize, now[i].out.size() / kSectorSize};
      const bool data = is_simple(now[i]) && check_range(now[i].offset, now[i].out.size()) &&
                        layer_->run(range.first, range.count).state == SectorState::kData &&
                        layer_->run(range.first, range.count).count == range.count;
      if (data)
        together[count++] = {range.first, now[i].out, &now[i].status};
      else
        left.set(i);
    }
    layer_->read_batch(std::span(together).first(count));
    for (size_t i = 0; i < locks; ++i) held[i].unlock();
    // What is not all data, or not aligned, by the ordinary way.
    for (size_t i = 0; i < now.size(); ++i)
      if (left.test(i)) now[i].status = read(now[i].offset, now[i].out);
  }
}

}  // namespace coffer::volume
