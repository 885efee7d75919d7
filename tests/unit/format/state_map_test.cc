// SPDX-License-Identifier: Apache-2.0
// Is a page of a state map, torn or not, accepted exactly when each of its states exists?
#include "format/state_map.h"

#include <gtest/gtest.h>

#include <random>

namespace coffer::format {
namespace {

Bytes page_of(uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes page(kMapPageSize);
  for (uint64_t sector = 0; sector < kSectorsPerMapPage; ++sector)
    page[sector / 4] |= static_cast<uint8_t>(random() % 3 << (2 * (sector % 4)));
  return page;
}

TEST(StateMapPageTest, AcceptsEveryMixtureOfValidPagesAtAnySeam) {
  const Bytes older = page_of(1), newer = page_of(2);
  for (size_t seam = 0; seam <= kMapPageSize; seam += 512) {
    Bytes torn(older.begin(), older.begin() + static_cast<std::ptrdiff_t>(seam));
    torn.insert(torn.end(), newer.begin() + static_cast<std::ptrdiff_t>(seam), newer.end());
    EXPECT_TRUE(check_map_page(torn, kSectorsPerMapPage)) << seam;
  }
}

TEST(StateMapPageTest, RefusesTheUnusedStateAnywhere) {
  for (uint64_t sector = 0; sector < kSectorsPerMapPage; sector += 37) {
    Bytes page = page_of(3);
    page[sector / 4] |= static_cast<uint8_t>(3 << (2 * (sector % 4)));
    EXPECT_EQ(check_map_page(page, kSectorsPerMapPage).error().kind, ErrorKind::kCorrupt) << sector;
  }
}

TEST(StateMapPageTest, RefusesStatesPastTheEndOfTheVolume) {
  Bytes page(kMapPageSize);
  page[25] = 1;  // sector 100
  EXPECT_TRUE(check_map_page(page, 101));
  EXPECT_EQ(check_map_page(page, 100).error().kind, ErrorKind::kCorrupt);
}

TEST(StateMapPageTest, CoversTheVolumeWithPagesAfterTheHeader) {
  EXPECT_EQ(map_page_count(1), 1u);
  EXPECT_EQ(map_page_count(kSectorsPerMapPage), 1u);
  EXPECT_EQ(map_page_count(kSectorsPerMapPage + 1), 2u);
  EXPECT_EQ(map_file_size(kSectorsPerMapPage + 1), kMapHeaderSize + 2 * kMapPageSize);
}

}  // namespace
}  // namespace coffer::format
