// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/crypto/vector_file.h"

namespace coffer::crypto {
namespace {

TEST(Random, FillsEveryByteAndNeverRepeats) {
  EXPECT_TRUE(random_bytes(0).empty());
  EXPECT_TRUE(random_secret(0).empty());
  std::set<Bytes> seen;
  Bytes ever_set(1000);  // getrandom(2) may give less than asked for above 256 bytes
  for (int round = 0; round < 40; ++round) {
    const Bytes bytes = random_bytes(1000), secret = revealed(random_secret(1000));
    ASSERT_EQ(bytes.size(), 1000u);
    ASSERT_EQ(secret.size(), 1000u);
    for (size_t i = 0; i < bytes.size(); ++i) ever_set[i] |= bytes[i] & secret[i];
    seen.insert(bytes);
    seen.insert(secret);
  }
  EXPECT_EQ(seen.size(), 80u);
  EXPECT_EQ(std::count(ever_set.begin(), ever_set.end(), 0xff), 1000);
}

}  // namespace
}  // namespace coffer::crypto
