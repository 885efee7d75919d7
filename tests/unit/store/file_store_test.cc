// SPDX-License-Identifier: Apache-2.0
// Do ranges behave as one sparse range, whatever files they are cut in, and documents as old or new?
#include <gtest/gtest.h>

#include <random>

#include "store/store.h"
#include "tests/unit/volume/simulated_disk.h"

namespace coffer::store {
namespace {

constexpr uint64_t kSegment = 64 << 10;
constexpr uint64_t kSize = 3 * kSegment + 8192;

class FileStoreTest : public testing::Test {
 protected:
  volume::SimulatedDisk disk_{1};
  std::unique_ptr<Store> store_ = *open_file_store(disk_, "/store", kSegment);
};

TEST_F(FileStoreTest, ARangeAcrossSegmentsIsOneRange) {
  ASSERT_TRUE(store_->create_folder("a"));
  auto range = *store_->create_range("a", "data", kSize, Layout::kSegmented);
  EXPECT_EQ(*disk_.list("/store/a"),
            (std::vector<std::string>{"data.000", "data.001", "data.002", "data.003"}));
  std::mt19937_64 random(2);
  Bytes expected(kSize);
  for (int i = 0; i < 200; ++i) {
    const uint64_t offset = random() % kSize, length = random() % (kSize - offset) + 1;
    if (random() % 3 == 0) {
      ASSERT_TRUE(range->discard(offset, length));
      std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(offset), length, 0);
    } else {
      const Bytes data(length, static_cast<uint8_t>(i));
      ASSERT_TRUE(range->write(offset, data));
      std::copy(data.begin(), data.end(), expected.begin() + static_cast<std::ptrdiff_t>(offset));
    }
    Bytes got(kSize);
    ASSERT_TRUE(range->read(0, got));
    ASSERT_EQ(got, expected) << i;
  }
  ASSERT_TRUE(range->flush());
  Bytes got(kSize);
  ASSERT_TRUE((*store_->open_range("a", "data", kSize, Layout::kSegmented))->read(0, got));
  EXPECT_EQ(got, expected);
}

TEST_F(FileStoreTest, FindsDataAcrossSegments) {
  ASSERT_TRUE(store_->create_folder("a"));
  auto range = *store_->create_range("a", "data", kSize, Layout::kSegmented);
  EXPECT_EQ(*range->next_data(0), kSize);
  ASSERT_TRUE(range->write(2 * kSegment + 4096, Bytes(10, 1)));
  EXPECT_EQ(*range->next_data(100), 2 * kSegment + 4096);
  EXPECT_EQ(*range->next_data(2 * kSegment + 8192), kSize);
}

TEST_F(FileStoreTest, RefusesAccessPastTheEndAndFilesOfAnotherSize) {
  ASSERT_TRUE(store_->create_folder("a"));
  auto range = *store_->create_range("a", "map", kSize, Layout::kSingle);
  EXPECT_EQ(*disk_.list("/store/a"), (std::vector<std::string>{"map"}));
  EXPECT_FALSE(range->write(kSize - 1, Bytes(2)));
  EXPECT_FALSE(range->discard(~uint64_t{0}, 2));
  const auto reopened = store_->open_range("a", "map", kSize + 1, Layout::kSingle);
  ASSERT_FALSE(reopened);
  EXPECT_EQ(reopened.error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(store_->open_range("a", "none", kSize, Layout::kSingle).error().kind, ErrorKind::kNotFound);
}

TEST_F(FileStoreTest, ErasingADocumentOverwritesItAndItsLeftover) {
  ASSERT_TRUE(store_->create_folder("a"));
  const Bytes secret = to_bytes("a wrapped key"), leftover = to_bytes("an older key");
  ASSERT_TRUE(store_->replace_document("a", "manifest", secret));
  ASSERT_TRUE((*disk_.open("/store/a/manifest.new", {.create = true}))->write(0, leftover));
  ASSERT_TRUE(disk_.holds(secret) && disk_.holds(leftover));
  ASSERT_TRUE(store_->erase_document("a", "manifest"));
  EXPECT_FALSE(disk_.holds(secret) || disk_.holds(leftover));
  EXPECT_EQ(store_->read_document("a", "manifest").error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(store_->erase_document("a", "manifest"));
  EXPECT_TRUE(store_->erase_document("nowhere", "manifest"));
}

TEST_F(FileStoreTest, RemovesAFolderWithAllThatIsInIt) {
  ASSERT_TRUE(store_->create_folder("a"));
  ASSERT_TRUE(store_->create_range("a", "data", kSize, Layout::kSegmented));
  ASSERT_TRUE(store_->remove_folder("a"));
  EXPECT_TRUE(store_->folders()->empty());
  EXPECT_TRUE(store_->remove_folder("a"));
}

}  // namespace
}  // namespace coffer::store
