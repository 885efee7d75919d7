// SPDX-License-Identifier: Apache-2.0
// Does a batch of reads give what single reads give, by direct I/O and without?
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/disk.h"
#include "base/read_ring.h"
#include "test_volume.h"

namespace coffer::volume {
namespace {

constexpr uint64_t kSize = 16 << 20;

struct How {
  bool direct, encrypted;
};

class ReadBatch : public ::testing::TestWithParam<How> {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(ReadRing::prepare(2)); }
  void SetUp() override {
    std::string name = "/var/tmp/coffer-batch-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    auto store = VolumeStore::open_store(GetParam().direct ? direct_disk() : system_disk(), root_, kHostId);
    ASSERT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
    ASSERT_TRUE(store_->create(new_volume(kSize, GetParam().encrypted)));
    auto opened = open_volume(*store_, GetParam().encrypted);
    ASSERT_TRUE(opened) << opened.error().message;
    volume_ = std::move(*opened);
    ASSERT_EQ(volume_->gains_from_batches(), GetParam().direct);
    // Data everywhere but in every third chunk, where some is zero again and the rest was never written.
    std::mt19937_64 random(1);
    contents_ = random_contents(random, kSize);
    for (uint64_t at = 0; at < kSize; at += kChunkSize) {
      if (at / kChunkSize % 3 == 2) {
        ASSERT_TRUE(volume_->write(at, ByteView(contents_).subspan(at, 65536), false));
        std::fill_n(contents_.begin() + static_cast<ptrdiff_t>(at) + 4096, kChunkSize - 4096, uint8_t{0});
        ASSERT_TRUE(volume_->write_zeroes(at + 4096, kChunkSize - 4096, false, false));
      } else {
        ASSERT_TRUE(volume_->write(at, ByteView(contents_).subspan(at, kChunkSize), false));
      }
    }
  }
  void TearDown() override {
    volume_.reset();
    std::filesystem::remove_all(root_);
  }

  std::string root_;
  std::unique_ptr<VolumeStore> store_;
  std::shared_ptr<Volume> volume_;
  Bytes contents_;
};

TEST_P(ReadBatch, GivesWhatIsThere) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 50; ++round) {
    const size_t count = 1 + random() % 100;
    std::vector<Bytes> outs(count);
    std::vector<BlockDevice::Read> reads(count);
    for (size_t i = 0; i < count; ++i) {
      uint64_t offset = random() % kSize;
      uint64_t size = 1 + random() % (i % 10 == 0 ? 300'000 : 9'000);
      if (i % 5 != 0) offset = offset / 4096 * 4096, size = (size + 4095) / 4096 * 4096;
      outs[i].assign(std::min(size, kSize - offset), 0xee);
      reads[i] = {offset, outs[i]};
    }
    volume_->read_batch(reads);
    for (size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(reads[i].status) << reads[i].status.error().message;
      const auto begin = contents_.begin() + static_cast<ptrdiff_t>(reads[i].offset);
      ASSERT_TRUE(std::equal(outs[i].begin(), outs[i].end(), begin)) << reads[i].offset;
    }
  }
}

TEST_P(ReadBatch, RefusesOnlyWhatLiesOutside) {
  Bytes in(4096), out(4096);
  BlockDevice::Read reads[] = {{kSize, out}, {0, in}, {uint64_t{0} - 4096, out}};
  volume_->read_batch(reads);
  EXPECT_FALSE(reads[0].status);
  EXPECT_TRUE(reads[1].status);
  EXPECT_FALSE(reads[2].status);
  EXPECT_TRUE(std::equal(in.begin(), in.end(), contents_.begin()));
}

// Batches hold many chunks at once: they must not wait for each other, nor for writers, for ever. What is
// read of a sector is one of its contents, whole.
TEST_P(ReadBatch, RunsBesideWritersAndOtherBatches) {
  constexpr uint64_t kSectors = 64;
  const auto sector_at = [](uint64_t i) { return i * (kSize / kSectors); };
  for (uint64_t i = 0; i < kSectors; ++i) ASSERT_TRUE(volume_->write(sector_at(i), Bytes(4096, 1), false));
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&, t] {
      std::mt19937_64 random(static_cast<uint64_t>(t));
      while (!stop)
        if (!volume_->write(sector_at(random() % kSectors), Bytes(4096, static_cast<uint8_t>(random())),
                            false))
          ++wrong;
    });
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      std::mt19937_64 random(static_cast<uint64_t>(100 + t));
      std::vector<Bytes> outs(32, Bytes(4096));
      for (int round = 0; round < 200; ++round) {
        std::vector<BlockDevice::Read> reads;
        for (Bytes& out : outs) reads.push_back({sector_at(random() % kSectors), out});
        volume_->read_batch(reads);
        for (const BlockDevice::Read& read : reads)
          if (!read.status || read.out[0] != read.out[4095] || read.out[0] != read.out[2000]) ++wrong;
      }
    });
  for (size_t i = 2; i < threads.size(); ++i) threads[i].join();
  stop = true;
  threads[0].join();
  threads[1].join();
  EXPECT_EQ(wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, ReadBatch,
                         ::testing::Values(How{true, true}, How{true, false}, How{false, true}),
                         [](const auto& test) {
                           return std::string(test.param.direct ? "Direct" : "Buffered") +
                                  (test.param.encrypted ? "Encrypted" : "Plain");
                         });

}  // namespace
}  // namespace coffer::volume
