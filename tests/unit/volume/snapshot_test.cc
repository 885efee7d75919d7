// SPDX-License-Identifier: Apache-2.0
// Do snapshots and the volumes made of them stay what they were, whatever happens around them?
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/unit/volume/store_fixture.h"

namespace coffer::volume {
namespace {

using SnapshotTest = StoreFixture;
INSTANTIATE_TEST_SUITE_P(Plain, SnapshotTest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Encrypted, SnapshotTest, testing::Values(true));

TEST_P(SnapshotTest, EveryOneKeepsWhatTheVolumeHeldThenAlsoAcrossAReopen) {
  create(1);
  std::vector<Bytes> expected;
  for (uint64_t i = 1; i <= 12; ++i) {
    for (int writes = 0; writes < 5; ++writes) write_somewhere(1);
    if (i % 3 == 0) discard_somewhere(1);
    expected.push_back(contents(1));
    snapshot(i, 1, 100 + i);
    ASSERT_TRUE(i % 2 == 0 ? store_->complete_snapshot(snapshot_id(i)) : Status());
  }
  write_somewhere(1);
  for (uint64_t i = 1; i <= 12; ++i) EXPECT_EQ(snapshot_contents(i), expected[i - 1]) << i;
  const Bytes now = contents(1);
  for (uint64_t i = 1; i <= 12; i += 2) ASSERT_TRUE(store_->complete_snapshot(snapshot_id(i)));
  ASSERT_TRUE(open(1)->flush());
  restart();
  for (uint64_t i = 1; i <= 12; ++i) EXPECT_EQ(snapshot_contents(i), expected[i - 1]) << i;
  EXPECT_EQ(contents(1), now);
}

TEST_P(SnapshotTest, AVolumeMadeOfOneGoesItsOwnWay) {
  create(1);
  write_somewhere(1);
  const Bytes expected = contents(1);
  snapshot(1, 1, 101);
  EXPECT_EQ(clone(2, 1, 102).error().kind, ErrorKind::kConflict) << "it is not complete";
  ASSERT_TRUE(store_->complete_snapshot(snapshot_id(1)));
  ASSERT_TRUE(clone(2, 1, 102));
  ASSERT_TRUE(clone(3, 1, 103, kSize + (1 << 20)));
  EXPECT_EQ(contents(2), expected);
  Bytes longer = expected;
  longer.resize(kSize + (1 << 20));
  EXPECT_EQ(contents(3), longer);
  EXPECT_EQ(clone(4, 1, 104, kSize - 4096).error().kind, ErrorKind::kInvalidArgument);

  for (int i = 0; i < 6; ++i) write_somewhere(1 + static_cast<uint64_t>(i) % 2);
  EXPECT_EQ(contents(3), longer);
  EXPECT_EQ(snapshot_contents(1), expected);
  const Bytes one = contents(1), two = contents(2);
  for (const auto& [number, volume] : volumes_) ASSERT_TRUE(volume->flush());
  volumes_.clear();
  ASSERT_TRUE(store_->remove(volume_id(1)));
  EXPECT_EQ(contents(2), two);
  EXPECT_EQ(snapshot_contents(1), expected);
  EXPECT_NE(one, two);
}

TEST_P(SnapshotTest, SeveralVolumesAreTakenAtOneInstant) {
  create(1);
  create(2);
  write_somewhere(1);
  write_somewhere(2);
  const Bytes one = contents(1), two = contents(2);
  const std::vector<NewSnapshot> wanted = {{snapshot_id(1), volume_id(1), new_layer(101, GetParam())},
                                           {snapshot_id(2), volume_id(2), new_layer(102, GetParam())}};
  const LayerKeys keys = keys_of({wanted[0].new_top, wanted[1].new_top});
  ASSERT_TRUE(store_->create_snapshots(wanted, keys));
  write_somewhere(1);
  write_somewhere(2);
  EXPECT_EQ(snapshot_contents(1), one);
  EXPECT_EQ(snapshot_contents(2), two);
  EXPECT_TRUE(store_->create_snapshots(wanted, keys)) << "repeated";
  EXPECT_EQ(snapshot_contents(1), one);
  auto more = wanted;
  more.push_back({snapshot_id(3), volume_id(1), new_layer(103, GetParam())});
  EXPECT_FALSE(store_->create_snapshots(more, keys_of({more[2].new_top})));
  EXPECT_EQ(store_->snapshots()->size(), 2u);
  // One volume twice would wait for itself.
  more = {{snapshot_id(4), volume_id(1), new_layer(104, GetParam())},
          {snapshot_id(5), volume_id(1), new_layer(105, GetParam())}};
  EXPECT_EQ(store_->create_snapshots(more, keys_of({more[0].new_top, more[1].new_top})).error().kind,
            ErrorKind::kInvalidArgument);
}

TEST_P(SnapshotTest, ChangedBlocksAreWhatReallyDiffers) {
  create(1);
  constexpr uint64_t kBlock = kSnapshotBlockSize;
  const auto blocks = [&](uint64_t snapshot, uint64_t base) {
    return *store_->list_blocks(snapshot_id(snapshot), base == 0 ? "" : snapshot_id(base), 0, 1000);
  };
  ASSERT_TRUE(open(1)->write(0, Bytes(4096, 1), false));
  ASSERT_TRUE(open(1)->write(3 * kBlock - 10, Bytes(20, 1), false));
  snapshot(1, 1, 101);
  EXPECT_EQ(blocks(1, 0), (std::vector<uint32_t>{0, 2, 3}));
  ASSERT_TRUE(open(1)->write(5 * kBlock, Bytes(100, 1), false));
  ASSERT_TRUE(open(1)->discard(0, 4096, false));
  snapshot(2, 1, 102);
  EXPECT_EQ(blocks(2, 0), (std::vector<uint32_t>{2, 3, 5}));
  EXPECT_EQ(blocks(2, 1), (std::vector<uint32_t>{0, 5}));
  EXPECT_EQ(blocks(1, 2), (std::vector<uint32_t>{0, 5}));
  EXPECT_EQ(blocks(2, 2), std::vector<uint32_t>());
  EXPECT_EQ(*store_->list_blocks(snapshot_id(2), "", 3, 1), std::vector<uint32_t>{3});
  EXPECT_EQ(*store_->list_blocks(snapshot_id(2), "", 6, 10), std::vector<uint32_t>());
  // Random ones: each block that differs is named, and each that is named as data holds some.
  for (int i = 0; i < 20; ++i) write_somewhere(1);
  snapshot(3, 1, 103);
  const Bytes before = snapshot_contents(2), after = snapshot_contents(3);
  const std::vector<uint32_t> named = blocks(3, 2);
  for (uint32_t block = 0; block < kSize / kBlock; ++block) {
    const auto at = static_cast<std::ptrdiff_t>(block * kBlock),
               end = at + static_cast<std::ptrdiff_t>(kBlock);
    const bool differs = !std::equal(before.begin() + at, before.begin() + end, after.begin() + at);
    const bool is_named = std::ranges::find(named, block) != named.end();
    EXPECT_EQ(differs, is_named) << block;
  }
}

TEST_P(SnapshotTest, DeletingIsIdempotentAndOrdersThatMakeNoSenseAreRefused) {
  create(1);
  EXPECT_EQ(store_->complete_snapshot(snapshot_id(1)).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(store_->open_snapshot(snapshot_id(1), {}).error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(store_->remove_snapshot(snapshot_id(1)));
  EXPECT_EQ(store_->remove_snapshot("snap-../x").error().kind, ErrorKind::kInvalidArgument);
  snapshot(1, 1, 101);
  ASSERT_TRUE(store_->complete_snapshot(snapshot_id(1)));
  EXPECT_TRUE(store_->complete_snapshot(snapshot_id(1)));
  auto access = *store_->open_snapshot(snapshot_id(1), keys_for(*store_, snapshot_id(1)));
  EXPECT_EQ(access->write(0, Bytes(4096)).error().kind, ErrorKind::kConflict) << "it is complete";
  ASSERT_TRUE(store_->remove_snapshot(snapshot_id(1)));
  EXPECT_TRUE(store_->remove_snapshot(snapshot_id(1)));
  Bytes sector(4096);
  EXPECT_EQ(access->read(0, sector).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(clone(2, 1, 102).error().kind, ErrorKind::kNotFound);
  // Its id, and its volume's next layer's, are free again.
  snapshot(1, 1, 103);
}

TEST_P(SnapshotTest, AnOpenVolumeIsOneObject) {
  create(1);
  const auto again = *store_->open(volume_id(1), keys_for(*store_, volume_id(1)));
  EXPECT_EQ(again, open(1)) << "another would write into a layer that a snapshot sealed";
  EXPECT_EQ(store_->remove(volume_id(1)).error().kind, ErrorKind::kConflict);
}

// In memory: a thousand snapshots are some ten thousand flushes.
class LongChainTest : public StoreFixture {
 protected:
  LongChainTest() : StoreFixture("/dev/shm") {}
};
INSTANTIATE_TEST_SUITE_P(Encrypted, LongChainTest, testing::Values(true));

TEST_P(LongChainTest, OfAThousandReadsRight) {
  constexpr uint64_t kLayers = 1000;
  rlimit files;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  ASSERT_GT(files.rlim_max, 2 * kLayers + 100);
  create(1);
  for (uint64_t i = 1; i <= kLayers; ++i) {
    ASSERT_TRUE(open(1)->write((i % 1500) * 4096, Bytes(4096, static_cast<uint8_t>(i)), false));
    ASSERT_TRUE(i % 10 == 0 ? open(1)->write((i - 5) * 4096, Bytes(4096, 0xaa), false) : Status());
    snapshot(i, 1, 100 + i);
  }
  const auto check = [&] {
    for (uint64_t i = 1; i <= kLayers; ++i) {
      const bool over = (i + 5) % 10 == 0;
      ASSERT_EQ(read_back(*open(1), i * 4096, 4096), Bytes(4096, over ? 0xaa : static_cast<uint8_t>(i))) << i;
    }
    EXPECT_EQ(open(1)->extent(kLayers * 4096, 4096)->depth, 2u);
    EXPECT_EQ(open(1)->extent(4096, 4096)->depth, kLayers + 1);
    EXPECT_EQ(open(1)->extent(0, 4096)->depth, 0u);
  };
  check();
  ASSERT_TRUE(open(1)->flush());
  restart();
  check();
}

TEST_P(SnapshotTest, WithoutAKeyNothingIsMadeOrOpened) {
  if (!GetParam()) return;
  create(1);
  write_somewhere(1);
  const Bytes expected = contents(1);
  const NewSnapshot wanted{snapshot_id(1), volume_id(1), new_layer(101, true)};
  EXPECT_EQ(store_->create_snapshots({wanted}, {}).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_TRUE(store_->snapshots()->empty());
  EXPECT_EQ(store_->layers_of(volume_id(1))->size(), 1u);
  write_somewhere(1);
  snapshot(1, 1, 101);
  NewSnapshot plain = {snapshot_id(2), volume_id(1), new_layer(102, false)};
  EXPECT_EQ(store_->create_snapshots({plain}, {}).error().kind, ErrorKind::kInvalidArgument);
  ASSERT_TRUE(store_->complete_snapshot(snapshot_id(1)));
  restart();
  const LayerKeys top_only = keys_of({new_layer(101, true)});
  EXPECT_EQ(store_->open(volume_id(1), top_only).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(store_->open_snapshot(snapshot_id(1), top_only).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_TRUE(store_->open(volume_id(1), keys_for(*store_, volume_id(1))));
}

TEST_P(SnapshotTest, NothingEncryptedBecomesPlain) {
  if (!GetParam()) return;
  create(1);
  snapshot(1, 1, 101);
  ASSERT_TRUE(store_->complete_snapshot(snapshot_id(1)));
  EXPECT_EQ(store_->create({volume_id(2), kSize, new_layer(102, false), snapshot_id(1), false}).error().kind,
            ErrorKind::kInvalidArgument);
  EXPECT_EQ(
      store_->create_detached_snapshot({snapshot_id(2), kSize, new_layer(103, false), snapshot_id(1), {}})
          .error()
          .kind,
      ErrorKind::kInvalidArgument);
  EXPECT_EQ(
      store_->create_detached_snapshot({snapshot_id(2), kSize, new_layer(103, false), {}, snapshot_id(1)})
          .error()
          .kind,
      ErrorKind::kInvalidArgument);
  EXPECT_EQ(store_->rekey(volume_id(1), new_layer(104, false), {}).error().kind, ErrorKind::kInvalidArgument);
}

TEST_P(SnapshotTest, WhatIsWrittenBlockByBlockIsThereWhoeverClosesIt) {
  create(1);
  write_somewhere(1);
  const Bytes base = contents(1);
  snapshot(1, 1, 101);
  ASSERT_TRUE(store_->complete_snapshot(snapshot_id(1)));
  ASSERT_TRUE(store_->create_detached_snapshot(
      {snapshot_id(2), kSize, new_layer(102, GetParam()), {}, snapshot_id(1)}));
  const Bytes block = random_contents(random_, kSnapshotBlockSize);
  Bytes expected = base;
  for (const uint64_t at : {uint64_t{1}, uint64_t{4}}) {
    auto access = *store_->open_snapshot(snapshot_id(2), keys_for(*store_, snapshot_id(2)));
    ASSERT_TRUE(access->write(at * kSnapshotBlockSize, block));
    std::ranges::copy(block, expected.begin() + static_cast<std::ptrdiff_t>(at * kSnapshotBlockSize));
  }  // closed without a word
  ASSERT_TRUE(store_->complete_snapshot(snapshot_id(2)));
  EXPECT_EQ(snapshot_contents(2), expected);
  restart();
  EXPECT_EQ(snapshot_contents(2), expected);
  EXPECT_EQ(*store_->list_blocks(snapshot_id(2), snapshot_id(1), 0, 100), (std::vector<uint32_t>{1, 4}));
}

// The pieces before went with the object that they were written through.
TEST_P(SnapshotTest, ABlockWhoseBeginningIsLostIsWrittenAnew) {
  ASSERT_TRUE(store_->create_detached_snapshot({snapshot_id(1), kSize, new_layer(101, GetParam()), {}, {}}));
  const auto open_again = [&] {
    return *store_->open_snapshot(snapshot_id(1), keys_for(*store_, snapshot_id(1)));
  };
  const Bytes block = random_contents(random_, kSnapshotBlockSize);
  const ByteView first = ByteView(block).first(4096), rest = ByteView(block).subspan(4096);
  auto access = open_again();
  ASSERT_TRUE(access->write(0, first, {.first = true, .last = false}));
  access = open_again();
  EXPECT_EQ(access->write(4096, rest, {.first = false, .last = true}).error().kind, ErrorKind::kConflict);
  ASSERT_TRUE(access->write(0, first, {.first = true, .last = false}));
  ASSERT_TRUE(access->write(4096, rest, {.first = false, .last = true}));
  EXPECT_EQ(access->write(4096, rest, {.first = false, .last = true}).error().kind, ErrorKind::kConflict);
  Bytes read(block.size());
  ASSERT_TRUE(access->read(0, read));
  EXPECT_EQ(read, block);
}

}  // namespace
}  // namespace coffer::volume
