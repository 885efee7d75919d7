// SPDX-License-Identifier: Apache-2.0
// Does the live map count runs and changes as a plain array of states would, and does its image say the same?
#include "volume/state_map.h"

#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "store/store.h"
#include "tests/unit/volume/simulated_disk.h"

namespace coffer::volume {
namespace {

constexpr uint64_t kSectors = 3 * format::kSectorsPerMapPage + 1000;

class StateMapTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = *store::open_file_store(disk_, "/store");
    ASSERT_TRUE(store_->create_folder("v"));
    image_ = *store_->create_range("v", "map", format::map_file_size(kSectors), store::Layout::kSingle);
    map_ = *StateMap::load(*image_, kSectors);
  }

  void set(SectorRange range, SectorState state, bool punch = false) {
    ASSERT_TRUE(map_->reserve(range.first, range.count));
    map_->set(range, state, punch);
  }
  void persist() {
    const FrozenStates frozen = map_->freeze();
    ASSERT_TRUE(map_->persist(frozen));
    map_->settle(frozen);
  }

  SimulatedDisk disk_{1};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::ByteRange> image_;
  std::unique_ptr<StateMap> map_;
};

TEST_F(StateMapTest, AgreesWithAnArrayOfStates) {
  std::vector<SectorState> expected(kSectors, SectorState::kAbsent);
  std::mt19937_64 random(3);
  for (int i = 0; i < 400; ++i) {
    const uint64_t first = random() % kSectors;
    const uint64_t count = std::min(kSectors - first, 1 + random() % (random() % 4 == 0 ? 20000 : 70));
    const auto state = random() % 2 == 0 ? SectorState::kData : SectorState::kZero;
    set({first, count}, state);
    std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(first), count, state);

    if (i % 20 == 0) {
      persist();
      map_ = *StateMap::load(*image_, kSectors);
    }
    const uint64_t from = random() % kSectors, limit = 1 + random() % (kSectors - from);
    const auto run = map_->run(from, limit);
    uint64_t length = 0;
    while (length < limit && expected[from + length] == expected[from]) ++length;
    ASSERT_EQ(run.state, expected[from]) << i;
    ASSERT_EQ(run.count, length) << i;
  }
  for (uint64_t sector = 0; sector < kSectors; ++sector)
    ASSERT_EQ(map_->state(sector), expected[sector]) << sector;
}

TEST_F(StateMapTest, AChangeIsDurableOnlyAfterItsFlush) {
  const SectorRange range{100, 10};
  EXPECT_TRUE(map_->durable(range));
  set(range, SectorState::kData);
  EXPECT_FALSE(map_->durable(range));
  const FrozenStates frozen = map_->freeze();
  EXPECT_FALSE(map_->durable(range)) << "frozen, but not written yet";
  ASSERT_TRUE(map_->persist(frozen));
  map_->settle(frozen);
  EXPECT_TRUE(map_->durable(range));
  map_->set(range, SectorState::kData);
  EXPECT_TRUE(map_->durable(range)) << "nothing changed";
}

TEST_F(StateMapTest, AFreezeDoesNotSeeWhatComesAfterIt) {
  set({0, 1}, SectorState::kData);
  const FrozenStates frozen = map_->freeze();
  set({1, 1}, SectorState::kData);
  EXPECT_EQ(StateMap::frozen_state(frozen, 0), SectorState::kData);
  EXPECT_EQ(StateMap::frozen_state(frozen, 1), SectorState::kAbsent);
  ASSERT_TRUE(map_->persist(frozen));
  map_->settle(frozen);
  EXPECT_EQ((*StateMap::load(*image_, kSectors))->state(1), SectorState::kAbsent);
  persist();
  EXPECT_EQ((*StateMap::load(*image_, kSectors))->state(1), SectorState::kData);
}

TEST_F(StateMapTest, APunchComesWithItsFrozenZero) {
  set({5, 20}, SectorState::kData);
  persist();
  set({5, 10}, SectorState::kZero, true);
  set({15, 10}, SectorState::kZero, true);
  EXPECT_EQ(map_->punches_waiting(), 1u) << "neighbours are one punch";
  const FrozenStates frozen = map_->freeze();
  ASSERT_EQ(frozen.punches.size(), 1u);
  EXPECT_EQ(frozen.punches[0].first, 5u);
  EXPECT_EQ(frozen.punches[0].count, 20u);
  EXPECT_EQ(StateMap::frozen_state(frozen, 24), SectorState::kZero);
  EXPECT_EQ(map_->punches_waiting(), 1u);
  map_->settle(frozen);
  EXPECT_EQ(map_->punches_waiting(), 0u);
}

TEST_F(StateMapTest, ASparseImageOfAHugeVolumeLoadsAtOnce) {
  const uint64_t sectors = uint64_t{1} << 34;  // 64 TiB
  auto image = *store_->create_range("v", "huge", format::map_file_size(sectors), store::Layout::kSingle);
  Bytes page(format::kMapPageSize);
  page[0] = 1;
  ASSERT_TRUE(image->write(format::map_page_offset(1000000), page));
  disk_.count_from_here();
  auto map = *StateMap::load(*image, sectors);
  EXPECT_LT(disk_.operations(), 10u);
  EXPECT_EQ(map->run(0, sectors).count, 1000000 * format::kSectorsPerMapPage);
  EXPECT_EQ(map->state(1000000 * format::kSectorsPerMapPage), SectorState::kData);
}

TEST_F(StateMapTest, RefusesADamagedImage) {
  ASSERT_TRUE(image_->write(format::map_page_offset(2) + 100, Bytes{0x30}));
  const auto loaded = StateMap::load(*image_, kSectors);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind, ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace coffer::volume
