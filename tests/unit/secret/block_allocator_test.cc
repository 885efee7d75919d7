// SPDX-License-Identifier: Apache-2.0
#include "secret/block_allocator.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

namespace coffer::secret {
namespace {

struct Block {
  size_t size = 0;
  uint8_t fill = 0;
};

// Allocators live as long as the process, as the arena's does: their segments are never unmapped.
BlockAllocator& new_allocator(BlockAllocator::MapSegment map = map_segment) {
  static auto* const kept = new std::vector<BlockAllocator*>;
  kept->push_back(new BlockAllocator(map));
  return *kept->back();
}

bool is_filled(const uint8_t* bytes, size_t size, uint8_t fill) {
  return std::all_of(bytes, bytes + size, [fill](uint8_t byte) { return byte == fill; });
}

// Mostly small, now and then as large as many pages.
size_t random_size(std::mt19937_64& random) {
  const size_t limits[] = {16, 64, 600, 5000, 40000, 300000};
  return random() % limits[random() % std::size(limits)];
}

// Does what is live stay apart, aligned, large enough and unchanged, whatever the order of calls?
TEST(BlockAllocator, AgreesWithAnOracleOverRandomCalls) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  BlockAllocator& allocator = new_allocator();
  std::map<uint8_t*, Block> live;
  for (int step = 0; step < 20000; ++step) {
    if (live.empty() || random() % 100 < (live.size() < 400 ? 55 : 45)) {
      const Block block{random_size(random), static_cast<uint8_t>(random() % 255 + 1)};
      auto* address = static_cast<uint8_t*>(allocator.allocate(block.size));
      ASSERT_EQ(reinterpret_cast<uintptr_t>(address) % kBlockAlignment, 0u);
      ASSERT_GE(allocator.block_size(address), block.size);
      ASSERT_TRUE(is_filled(address, allocator.block_size(address), 0)) << "not zero-filled";
      const auto [here, fresh] = live.emplace(address, block);
      ASSERT_TRUE(fresh);
      if (const auto next = std::next(here); next != live.end()) {
        ASSERT_LE(address + allocator.block_size(address), next->first);
      }
      if (here != live.begin()) {
        const auto before = std::prev(here);
        ASSERT_LE(before->first + allocator.block_size(before->first), address);
      }
      memset(address, block.fill, block.size);
    } else {
      const auto victim = std::next(live.begin(), static_cast<ptrdiff_t>(random() % live.size()));
      ASSERT_TRUE(is_filled(victim->first, victim->second.size, victim->second.fill));
      allocator.release(victim->first);
      live.erase(victim);
    }
  }
  for (const auto& [address, block] : live) {
    ASSERT_TRUE(is_filled(address, block.size, block.fill));
    allocator.release(address);
  }
  EXPECT_EQ(allocator.usage().used, 0u);
}

// Is every size served by a block that wastes at most a quarter (beyond the first 64 bytes)?
TEST(BlockAllocator, SizeClassesAreTight) {
  BlockAllocator& allocator = new_allocator();
  for (size_t size = 1; size <= kLargestSmallBlock; size += size < 2000 ? 1 : 97) {
    void* block = allocator.allocate(size);
    ASSERT_GE(allocator.block_size(block), size);
    ASSERT_LE(allocator.block_size(block), std::max(size + 63, size + size / 4)) << size;
    allocator.release(block);
  }
}

TEST(BlockAllocator, WipesOnRelease) {
  BlockAllocator& allocator = new_allocator();
  for (const size_t size : {size_t{10}, size_t{64}, size_t{3000}, size_t{100000}}) {
    auto* block = static_cast<uint8_t*>(allocator.allocate(size));
    memset(block, 0x5a, size);
    EXPECT_TRUE(is_filled(block, size, 0x5a));
    allocator.release(block);
    EXPECT_TRUE(is_filled(block, size, 0)) << size;  // still mapped: segments are never given back
  }
}

TEST(BlockAllocator, GrowsBeyondItsCapacityAndReusesWhatWasReleased) {
  BlockAllocator& allocator = new_allocator();
  allocator.reserve(1 << 20);
  const size_t reserved = allocator.usage().capacity;
  std::vector<void*> blocks;
  for (int i = 0; i < 100; ++i) blocks.push_back(allocator.allocate(60000));
  const size_t grown = allocator.usage().capacity;
  EXPECT_GT(grown, reserved);
  EXPECT_GE(allocator.usage().used, 100u * 60000u);
  for (void* block : blocks) allocator.release(block);
  for (int round = 0; round < 5; ++round) {
    for (void*& block : blocks) block = allocator.allocate(60000);
    for (void* block : blocks) allocator.release(block);
  }
  EXPECT_EQ(allocator.usage().capacity, grown);
}

// As the daemons of a user with Debian's limit of 8 MiB: the arena that OpenSSL's first allocation set up has
// taken it all.
Segment memory_with_a_limit(size_t preferred, size_t minimum) {
  static size_t left = 8 << 20;
  const bool fits = preferred <= left;
  if (!fits && minimum == 0) return {};
  if (fits) left -= preferred;
  const size_t size = fits ? preferred : minimum;
  Segment segment = map_locked_segment(size, size);
  segment.kind = fits ? ArenaKind::kMemfdSecret : ArenaKind::kOrdinaryMemory;
  return segment;
}

TEST(BlockAllocator, ReservesNoWeakerMemoryThanItHas) {
  BlockAllocator& allocator = new_allocator(memory_with_a_limit);
  allocator.reserve(8 << 20);
  allocator.reserve(16 << 20);
  EXPECT_EQ(allocator.weakest_kind(), ArenaKind::kMemfdSecret);
  EXPECT_EQ(allocator.usage().capacity, 8u << 20);
  allocator.allocate(9 << 20);  // grows as it must, and says so
  EXPECT_EQ(allocator.weakest_kind(), ArenaKind::kOrdinaryMemory);
}

// Blocks are made by one thread and released by another, while all allocate.
TEST(BlockAllocator, ServesThreads) {
  BlockAllocator& allocator = new_allocator();
  std::mutex mutex;
  std::vector<std::pair<uint8_t*, Block>> shared;
  std::atomic<int> wrong{0};
  const auto work = [&](uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int step = 0; step < 5000; ++step) {
      const Block block{random_size(random) % 20000, static_cast<uint8_t>(random() % 255 + 1)};
      auto* address = static_cast<uint8_t*>(allocator.allocate(block.size));
      if (!is_filled(address, block.size, 0)) ++wrong;
      memset(address, block.fill, block.size);
      std::pair<uint8_t*, Block> other{nullptr, {}};
      {
        const std::lock_guard lock(mutex);
        shared.emplace_back(address, block);
        if (shared.size() > 50) {
          std::swap(shared[random() % shared.size()], shared.back());
          other = shared.back();
          shared.pop_back();
        }
      }
      if (other.first == nullptr) continue;
      if (!is_filled(other.first, other.second.size, other.second.fill)) ++wrong;
      allocator.release(other.first);
    }
  };
  std::vector<std::thread> threads;
  for (uint64_t seed = 1; seed <= 4; ++seed) threads.emplace_back(work, seed);
  for (auto& thread : threads) thread.join();
  for (auto& [address, block] : shared) allocator.release(address);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(allocator.usage().used, 0u);
}

TEST(BlockAllocatorDeathTest, RefusesWhatIsNotALiveBlock) {
  BlockAllocator& allocator = new_allocator(map_locked_segment);
  auto* small = static_cast<uint8_t*>(allocator.allocate(100));
  auto* large = static_cast<uint8_t*>(allocator.allocate(100000));
  uint8_t foreign[64];
  EXPECT_EXIT(
      {
        allocator.release(small);
        allocator.release(small);
      },
      testing::KilledBySignal(SIGABRT), "");
  EXPECT_EXIT(allocator.release(small + 64), testing::KilledBySignal(SIGABRT), "");
  EXPECT_EXIT(allocator.release(large + kPageSize), testing::KilledBySignal(SIGABRT), "");
  EXPECT_EXIT(allocator.release(foreign), testing::KilledBySignal(SIGABRT), "");
  allocator.release(small);
  allocator.release(large);
}

}  // namespace
}  // namespace coffer::secret
