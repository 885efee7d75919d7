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
  // getrandom(2) may give less than asked for above 256 bytes. A bit stays unset by chance in 2^-40 of all
  // cases.
  Bytes set_in_bytes(1000), set_in_secrets(1000);
  for (int round = 0; round < 40; ++round) {
    const Bytes bytes = random_bytes(1000), secret = revealed(random_secret(1000));
    ASSERT_EQ(bytes.size(), 1000u);
    ASSERT_EQ(secret.size(), 1000u);
    for (size_t i = 0; i < bytes.size(); ++i) {
      set_in_bytes[i] |= bytes[i];
      set_in_secrets[i] |= secret[i];
    }
    seen.insert(bytes);
    seen.insert(secret);
  }
  EXPECT_EQ(seen.size(), 80u);
  EXPECT_EQ(std::count(set_in_bytes.begin(), set_in_bytes.end(), 0xff), 1000);
  EXPECT_EQ(std::count(set_in_secrets.begin(), set_in_secrets.end(), 0xff), 1000);
}

}  // namespace
}  // namespace coffer::crypto
