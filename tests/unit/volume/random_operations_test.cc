// SPDX-License-Identifier: Apache-2.0
// Does a volume on real files stay the same as an array of bytes, through random operations and reopens?
// COFFER_OPERATIONS: how many (default: a second's worth). COFFER_SEED: of the workload.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "tests/unit/volume/temporary_folder.h"
#include "tests/unit/volume/test_volume.h"

namespace coffer::volume {
namespace {

constexpr uint64_t kSize = 6 << 20;

uint64_t number_from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class RandomOperationsTest : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Plain, RandomOperationsTest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Encrypted, RandomOperationsTest, testing::Values(true));

TEST_P(RandomOperationsTest, KeepWhatAnArrayOfBytesKeeps) {
  const uint64_t seed = number_from_environment("COFFER_SEED", 1);
  const uint64_t operations = number_from_environment("COFFER_OPERATIONS", 600);
  std::cout << "seed " << seed << ", " << operations << " operations\n";
  std::mt19937_64 random(seed);
  const TemporaryFolder folder;
  auto store = *VolumeStore::open_store(system_disk(), folder.path(), kHostId);
  ASSERT_TRUE(store->create(new_volume(kSize, GetParam())));
  auto volume = *open_volume(*store, GetParam());
  Bytes expected(kSize);
  const auto at = [&](uint64_t offset) { return expected.begin() + static_cast<std::ptrdiff_t>(offset); };

  for (uint64_t i = 0; i < operations; ++i) {
    uint64_t offset = random() % kSize;
    uint64_t length = 1 + random() % std::min<uint64_t>(kSize - offset, random() % 8 == 0 ? 3 << 20 : 30000);
    if (random() % 3 == 0)
      offset &= ~uint64_t{4095}, length = std::min(kSize - offset, (length + 4095) & ~uint64_t{4095});
    const bool durable = random() % 32 == 0;
    switch (random() % 8) {
      case 0:
      case 1:
      case 2: {
        const Bytes data(length, static_cast<uint8_t>(random()));
        ASSERT_TRUE(volume->write(offset, data, durable));
        std::copy(data.begin(), data.end(), at(offset));
        break;
      }
      case 3: {
        ASSERT_TRUE(volume->discard(offset, length, durable));
        const uint64_t first = (offset + 4095) & ~uint64_t{4095}, end = (offset + length) & ~uint64_t{4095};
        if (first < end) std::fill(at(first), at(end), 0);
        break;
      }
      case 4:
        ASSERT_TRUE(volume->write_zeroes(offset, length, random() % 2 == 0, durable));
        std::fill_n(at(offset), length, 0);
        break;
      case 5:
        ASSERT_TRUE(random() % 4 != 0 || volume->flush());
        if (random() % 16 == 0) {
          ASSERT_TRUE(volume->flush());
          volume = *open_volume(*store, GetParam());
        }
        break;
      case 6: {
        const auto extent = *volume->extent(offset, length);
        ASSERT_TRUE(extent.length > 0 && extent.length <= length);
        ASSERT_TRUE(!extent.zero ||
                    std::count(at(offset), at(offset + extent.length), 0) == std::ptrdiff_t(extent.length))
            << i;
        break;
      }
      default:
        ASSERT_EQ(read_back(*volume, offset, length), Bytes(at(offset), at(offset + length)))
            << "operation " << i;
    }
  }
  ASSERT_EQ(read_back(*volume, 0, kSize), expected);
}

}  // namespace
}  // namespace coffer::volume
