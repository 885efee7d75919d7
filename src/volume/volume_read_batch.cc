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

// Those of each layer together.
void read_from_layers(std::span<BlockDevice::Read> reads, std::span<Layer* const> owners) {
  std::array<SectorsToRead, kMostReadsAtOnce> together;
  std::bitset<kMostReadsAtOnce> done;
  for (size_t i = 0; i < reads.size(); ++i) {
    if (owners[i] == nullptr || done.test(i)) continue;
    size_t count = 0;
    for (size_t other = i; other < reads.size(); ++other) {
      if (owners[other] != owners[i]) continue;
      done.set(other);
      together[count++] = {reads[other].offset / kSectorSize, reads[other].out, &reads[other].status};
    }
    owners[i]->read_batch(std::span(together).first(count));
  }
}

}  // namespace

void Volume::read_batch(std::span<Read> reads) {
  std::array<RangeLock::Shared, kMostReadsAtOnce> held;
  std::array<Layer*, kMostReadsAtOnce> owners;  // of those that one layer holds; null for the others
  while (!reads.empty()) {
    const std::span<Read> now = reads.first(std::min(reads.size(), held.size()));
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
      if (wanted.test(stripe)) held[locks++] = locks_->share(offset_of[stripe]);

    for (size_t i = 0; i < now.size(); ++i) {
      owners[i] = nullptr;
      if (!is_simple(now[i]) || !check_range(now[i].offset, now[i].out.size())) continue;
      const uint64_t count = now[i].out.size() / kSectorSize;
      const Chain::Found found = chain_->find(now[i].offset / kSectorSize, count);
      if (found.count == count) owners[i] = found.layer;
    }
    const std::span<Layer*> asked = std::span(owners).first(now.size());
    read_from_layers(now, asked);
    for (size_t i = 0; i < locks; ++i) held[i].unlock();
    // What is not one layer's data, or not aligned, by the ordinary way.
    for (size_t i = 0; i < now.size(); ++i)
      if (asked[i] == nullptr) now[i].status = read(now[i].offset, now[i].out);
  }
}

}  // namespace coffer::volume
