// SPDX-License-Identifier: Apache-2.0
// Can a layer's wrapped key be replaced by another wrapping, at any instant of which one of the two is there,
// and after which nothing of the old one is?
#include <gtest/gtest.h>

#include "tests/unit/volume/simulated_disk.h"
#include "tests/unit/volume/test_volume.h"

namespace coffer::volume {
namespace {

constexpr uint64_t kSize = 1 << 20;
const Bytes kBefore = *new_volume(kSize, true).layer.wrapped_key;
const Bytes kAfter = to_bytes("another wrapping of the same key, after a rotation");

class ReplacedKey : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(disk_.flush_directory("/"));
    ASSERT_TRUE(store_->create(new_volume(kSize, true)));
  }
  Bytes wrapped_key() { return *store_->layers_of(kVolumeId)->at(0).wrapped_key; }
  void restart() { store_ = *VolumeStore::open_store(disk_, "/volumes", kHostId); }
  bool name_of_next_is_gone() { return !read_file(disk_, "/volumes/" + kLayerId + "/key.next"); }

  SimulatedDisk disk_{1};
  std::unique_ptr<VolumeStore> store_ = *VolumeStore::open_store(disk_, "/volumes", kHostId);
};

TEST_F(ReplacedKey, TheNewOneTakesTheOldOnesPlaceAndNothingOfThatIsLeft) {
  ASSERT_TRUE(disk_.holds(kBefore));
  ASSERT_TRUE(store_->replace_wrapped_key(kLayerId, kBefore, kAfter));
  EXPECT_EQ(wrapped_key(), kAfter);
  EXPECT_EQ(store_->layers_of(kVolumeId)->at(0).key_context, kVolumeId);
  EXPECT_TRUE(name_of_next_is_gone());
  EXPECT_FALSE(disk_.holds(kBefore));
  EXPECT_TRUE(store_->replace_wrapped_key(kLayerId, kBefore, kAfter)) << "repeated";
  restart();
  EXPECT_EQ(wrapped_key(), kAfter);
}

TEST_F(ReplacedKey, OnlyWhatIsThereIsReplaced) {
  EXPECT_EQ(store_->replace_wrapped_key(kLayerId, kAfter, to_bytes("third")).error().kind,
            ErrorKind::kConflict);
  EXPECT_EQ(store_->replace_wrapped_key("layer-11111111111111111", kBefore, kAfter).error().kind,
            ErrorKind::kNotFound);
  EXPECT_EQ(wrapped_key(), kBefore);
}

TEST_F(ReplacedKey, APowerCutAnywhereLeavesOneOfTheTwo) {
  disk_.count_from_here();
  ASSERT_TRUE(store_->replace_wrapped_key(kLayerId, kBefore, kAfter));
  const uint64_t operations = disk_.operations();
  ASSERT_GT(operations, 10u);
  int replaced = 0, kept = 0;
  for (uint64_t cut = 1; cut <= operations; ++cut) {
    SCOPED_TRACE(cut);
    const Bytes from = wrapped_key(), to = from == kBefore ? kAfter : kBefore;
    disk_.count_from_here();
    disk_.cut_power_at(cut);
    const bool done = store_->replace_wrapped_key(kLayerId, from, to).has_value();
    store_.reset();
    disk_.restart();
    restart();
    const Bytes now = wrapped_key();
    ASSERT_TRUE(now == to || (now == from && !done));
    EXPECT_TRUE(name_of_next_is_gone());
    EXPECT_FALSE(disk_.holds(now == to ? from : to)) << "the other one is overwritten";
    ++(now == to ? replaced : kept);
  }
  EXPECT_GT(replaced, 0);
  EXPECT_GT(kept, 0);
}

TEST_F(ReplacedKey, AFailureAnywhereLeavesAKeyThatOpens) {
  for (const ErrorKind kind : {ErrorKind::kIo, ErrorKind::kNoSpace}) {
    for (uint64_t fault = 1; fault <= 20; ++fault) {
      SCOPED_TRACE(fault);
      const Bytes from = wrapped_key(), to = from == kBefore ? kAfter : kBefore;
      disk_.count_from_here();
      disk_.fail_at(fault, kind);
      (void)store_->replace_wrapped_key(kLayerId, from, to);
      disk_.count_from_here();
      const Bytes now = wrapped_key();
      ASSERT_TRUE(now == from || now == to);
      ASSERT_TRUE(store_->replace_wrapped_key(kLayerId, now, to)) << "and goes on";
      ASSERT_EQ(wrapped_key(), to);
    }
  }
}

TEST_F(ReplacedKey, ADeletedVolumeTakesBothAlong) {
  for (uint64_t fault = 1; fault <= 20; ++fault) {
    disk_.count_from_here();
    disk_.fail_at(fault, ErrorKind::kIo);
    (void)store_->replace_wrapped_key(kLayerId, kBefore, kAfter);
    disk_.count_from_here();
    ASSERT_TRUE(store_->remove(kVolumeId));
    EXPECT_FALSE(disk_.holds(kBefore)) << fault;
    EXPECT_FALSE(disk_.holds(kAfter)) << fault;
    ASSERT_TRUE(store_->create(new_volume(kSize, true)));
  }
}

TEST_F(ReplacedKey, EverythingIsListedByPages) {
  const auto ids = [&](const std::string& after, size_t most) {
    std::vector<std::string> found;
    const auto nodes = store_->nodes(after, most);
    for (const StoredNode& node : *nodes) found.push_back(node.id + " " + node.below);
    return found;
  };
  ASSERT_TRUE(store_->create_snapshots(
      {{"snap-0123456789abcdef0", kVolumeId, {"layer-11111111111111111", kAfter, kVolumeId}}}, {}));
  const std::vector<std::string> all = {kLayerId + " ", "layer-11111111111111111 " + kLayerId,
                                        "snap-0123456789abcdef0 " + kLayerId,
                                        kVolumeId + " layer-11111111111111111"};
  auto sorted = all;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(ids("", 100), sorted);
  EXPECT_EQ(ids("", 2), std::vector(sorted.begin(), sorted.begin() + 2));
  EXPECT_EQ(ids("layer-2", 1).size(), 1u);
  EXPECT_TRUE(ids(kVolumeId, 10).empty());
}

}  // namespace
}  // namespace coffer::volume
