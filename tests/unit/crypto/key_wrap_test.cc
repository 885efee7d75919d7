// SPDX-License-Identifier: Apache-2.0
#include "crypto/key_wrap.h"

#include "crypto/random.h"
#include "tests/unit/crypto/wycheproof.h"

namespace coffer::crypto {
namespace {

void expect_verdicts(const std::string& file) {
  for (const auto& test : vector_file(file)) {
    const auto unwrapped = unwrap_key_with_padding(secret_of(test[2]), bytes_of(test[4]));
    expect_verdict(test, unwrapped && revealed(*unwrapped) == bytes_of(test[3]));
    if (test[1] != "valid") continue;
    const auto wrapped = wrap_key_with_padding(secret_of(test[2]), secret_of(test[3]));
    ASSERT_TRUE(wrapped) << test[0];
    EXPECT_EQ(*wrapped, bytes_of(test[4])) << test[0];
  }
}

TEST(KeyWrapTest, AgreesWithWycheproof) {
  expect_verdicts("aes_kwp_wycheproof.txt");
}

TEST(KeyWrapTest, AgreesWithNist) {
  expect_verdicts("aes_kwp_nist.txt");
}

TEST(KeyWrapTest, RefusesEveryChangedBit) {
  const auto key = random_secret(32);
  auto wrapped = wrap_key_with_padding(key, random_secret(20));
  ASSERT_TRUE(wrapped);
  for (size_t bit = 0; bit < wrapped->size() * 8; ++bit) {
    flip_bit(*wrapped, bit);
    EXPECT_FALSE(unwrap_key_with_padding(key, *wrapped)) << bit;
    flip_bit(*wrapped, bit);
  }
  EXPECT_TRUE(unwrap_key_with_padding(key, *wrapped));
}

TEST(KeyWrapTest, RefusesWrongSizes) {
  EXPECT_FALSE(wrap_key_with_padding(random_secret(31), random_secret(20)));
  EXPECT_FALSE(wrap_key_with_padding(random_secret(32), secret::SecretBytes()));
  for (const size_t size : {0u, 8u, 17u})
    EXPECT_FALSE(unwrap_key_with_padding(random_secret(32), Bytes(size))) << size;
}

}  // namespace
}  // namespace coffer::crypto
