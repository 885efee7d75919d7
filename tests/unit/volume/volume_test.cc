// SPDX-License-Identifier: Apache-2.0
// Does an open volume behave as the block device that its header claims?
#include "volume/volume.h"

#include <gtest/gtest.h>

#include "tests/unit/volume/temporary_folder.h"
#include "tests/unit/volume/test_volume.h"

namespace coffer::volume {
namespace {

constexpr uint64_t kMiB = 1 << 20;

class VolumeTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    store_ = *VolumeStore::open_store(system_disk(), folder_.path() + "/volumes", kHostId);
    ASSERT_TRUE(store_->create(new_volume(130 * kMiB, GetParam())));
    reopen();
  }

  void reopen() {
    volume_.reset();
    auto opened = open_volume(*store_, GetParam());
    ASSERT_TRUE(opened) << opened.error().message;
    volume_ = std::move(*opened);
  }

  Bytes file(const std::string& name) {
    return *read_file(system_disk(), folder_.path() + "/volumes/" + kLayerId + "/" + name, 1 << 30);
  }

  TemporaryFolder folder_;
  std::unique_ptr<VolumeStore> store_;
  std::shared_ptr<Volume> volume_;
  std::mt19937_64 random_{7};
};

INSTANTIATE_TEST_SUITE_P(Plain, VolumeTest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Encrypted, VolumeTest, testing::Values(true));

TEST_P(VolumeTest, WhatWasNeverWrittenReadsAsZero) {
  EXPECT_EQ(read_back(*volume_, 64 * kMiB - 700, 5000), Bytes(5000, 0));
}

TEST_P(VolumeTest, AWriteOfAnyAlignmentReadsBackAndKeepsItsSurroundings) {
  for (const auto& [offset, length] : std::vector<std::pair<uint64_t, uint64_t>>{{0, 4096},
                                                                                 {kMiB - 4096, 8192},
                                                                                 {64 * kMiB - 1, 2},
                                                                                 {4095, 4098},
                                                                                 {3 * kMiB + 17, 2 * kMiB},
                                                                                 {8191, 1}}) {
    Bytes around = read_back(*volume_, offset == 0 ? 0 : offset - 1, length + 2);
    const Bytes data = random_contents(random_, length);
    ASSERT_TRUE(volume_->write(offset, data, false));
    std::copy(data.begin(), data.end(), around.begin() + (offset == 0 ? 0 : 1));
    EXPECT_EQ(read_back(*volume_, offset == 0 ? 0 : offset - 1, length + 2), around)
        << offset << "+" << length;
  }
}

TEST_P(VolumeTest, AFlushMakesItLastAcrossAReopen) {
  const Bytes data = random_contents(random_, 3 * kMiB + 5);
  ASSERT_TRUE(volume_->write(63 * kMiB + 11, data, false));
  ASSERT_TRUE(volume_->flush());
  reopen();
  EXPECT_EQ(read_back(*volume_, 63 * kMiB + 11, data.size()), data);
}

TEST_P(VolumeTest, ADurableWriteLastsWithoutAFlush) {
  const Bytes first = random_contents(random_, 10000), second = random_contents(random_, 10000);
  ASSERT_TRUE(volume_->write(5000, first, true));
  reopen();
  EXPECT_EQ(read_back(*volume_, 5000, 10000), first);
  ASSERT_TRUE(volume_->write(5000, second, true));  // the states are durable by now
  reopen();
  EXPECT_EQ(read_back(*volume_, 5000, 10000), second);
}

TEST_P(VolumeTest, OnlyEncryptedVolumesKeepTheirContentsToThemselves) {
  const Bytes canary = random_contents(random_, 4096);
  ASSERT_TRUE(volume_->write(8 * kMiB, canary, true));
  const Bytes stored = file("data.000");
  const bool found = std::search(stored.begin(), stored.end(), canary.begin(), canary.end()) != stored.end();
  EXPECT_EQ(found, !GetParam());
}

TEST_P(VolumeTest, SectorNIsStoredAtItsPlaceUnderItsNumber) {
  const Bytes data = random_contents(random_, 8192);
  ASSERT_TRUE(volume_->write(9 * 4096, data, true));
  Bytes expected = data;
  if (GetParam()) {
    const auto cipher = *crypto::XtsCipher::create(test_keys().front().key);
    cipher->encrypt(9, 4096, data, expected);
  }
  const Bytes stored = file("data.000");
  EXPECT_EQ(Bytes(stored.begin() + 9 * 4096, stored.begin() + 11 * 4096), expected);
}

TEST_P(VolumeTest, ADiscardZeroesWholeSectorsAndKeepsTheEdges) {
  const Bytes data = random_contents(random_, 5 * 4096);
  ASSERT_TRUE(volume_->write(0, data, false));
  ASSERT_TRUE(volume_->discard(100, 4 * 4096, false));
  Bytes expected = data;
  std::fill(expected.begin() + 4096, expected.begin() + 4 * 4096, 0);
  EXPECT_EQ(read_back(*volume_, 0, expected.size()), expected);
}

TEST_P(VolumeTest, ADiscardGivesItsSpaceBackAtTheFlush) {
  const std::string path = folder_.path() + "/volumes/" + kLayerId + "/data.000";
  auto data_file = *system_disk().open(path, {.read_only = true});
  ASSERT_TRUE(volume_->write(0, random_contents(random_, 4 * kMiB), true));
  ASSERT_EQ(*data_file->next_data(kMiB), kMiB);
  ASSERT_TRUE(volume_->discard(kMiB, kMiB, false));
  EXPECT_EQ(*data_file->next_data(kMiB), kMiB) << "a hole before its zero is durable";
  ASSERT_TRUE(volume_->flush());
  EXPECT_EQ(*data_file->next_data(kMiB), 2 * kMiB);
}

TEST_P(VolumeTest, ADiscardedSectorThatWasWrittenAgainKeepsItsData) {
  const Bytes data = random_contents(random_, 8192);
  ASSERT_TRUE(volume_->write(0, random_contents(random_, 8192), true));
  ASSERT_TRUE(volume_->discard(0, 8192, false));
  ASSERT_TRUE(volume_->write(0, data, false));
  ASSERT_TRUE(volume_->flush());
  EXPECT_EQ(read_back(*volume_, 0, 8192), data);
  reopen();
  EXPECT_EQ(read_back(*volume_, 0, 8192), data);
}

TEST_P(VolumeTest, ZeroesAreExactAndKeepTheirSpaceIfAsked) {
  const std::string path = folder_.path() + "/volumes/" + kLayerId + "/data.000";
  auto data_file = *system_disk().open(path, {.read_only = true});
  for (const bool keep : {true, false}) {
    const Bytes data = random_contents(random_, 3 * kMiB);
    ASSERT_TRUE(volume_->write(0, data, true));
    ASSERT_TRUE(volume_->write_zeroes(1000, 2 * kMiB, keep, true));
    Bytes expected = data;
    std::fill_n(expected.begin() + 1000, 2 * kMiB, 0);
    EXPECT_EQ(read_back(*volume_, 0, expected.size()), expected);
    EXPECT_EQ(*data_file->next_data(kMiB), keep ? kMiB : 2 * kMiB);
    reopen();
    EXPECT_EQ(read_back(*volume_, 0, expected.size()), expected);
  }
}

TEST_P(VolumeTest, ExtentsTellDataFromHoles) {
  ASSERT_TRUE(volume_->write(kMiB + 1, Bytes(4096, 1), false));
  ASSERT_TRUE(volume_->write(kMiB + 4 * 4096, Bytes(4096, 1), false));
  ASSERT_TRUE(volume_->discard(kMiB + 4 * 4096, 4096, false));
  const auto before = *volume_->extent(100, 64 * kMiB);
  EXPECT_EQ(before.length, kMiB - 100);
  EXPECT_TRUE(before.hole && before.zero);
  const auto data = *volume_->extent(kMiB, 64 * kMiB);
  EXPECT_EQ(data.length, 8192u);
  EXPECT_FALSE(data.hole || data.zero);
  const auto after = *volume_->extent(kMiB + 8192, 128 * kMiB);
  EXPECT_EQ(after.length, 128 * kMiB);
  EXPECT_TRUE(after.zero);
  EXPECT_EQ(volume_->extent(kMiB, 10)->length, 10u);
}

TEST_P(VolumeTest, RangesOutsideTheVolumeAreRefused) {
  Bytes buffer(8192);
  EXPECT_EQ(volume_->read(130 * kMiB - 4096, buffer).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(volume_->write(130 * kMiB - 4096, buffer, false).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(volume_->discard(~uint64_t{0} - 10, 4096, false).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(volume_->write_zeroes(4096, ~uint64_t{0}, false, false).error().kind,
            ErrorKind::kInvalidArgument);
  EXPECT_TRUE(volume_->read(130 * kMiB - 8192, buffer));
}

TEST_P(VolumeTest, ANewerOpenFencesTheOlderOff) {
  auto other_host =
      *VolumeStore::open_store(system_disk(), folder_.path() + "/volumes", "i-00000000000000002");
  auto newer = open_volume(*other_host, GetParam());
  ASSERT_TRUE(newer);
  ASSERT_TRUE(volume_->write(0, Bytes(4096, 1), false));
  EXPECT_EQ(volume_->flush().error().kind, ErrorKind::kConflict);
  EXPECT_NE(volume_->failure().find("i-00000000000000002"), std::string::npos);
  EXPECT_EQ(volume_->write(0, Bytes(4096, 1), false).error().kind, ErrorKind::kConflict);
  EXPECT_TRUE((*newer)->write(0, Bytes(4096, 2), true));
}

}  // namespace
}  // namespace coffer::volume
