// SPDX-License-Identifier: Apache-2.0
#include "crypto/hmac.h"

#include "tests/unit/crypto/wycheproof.h"

namespace coffer::crypto {
namespace {

TEST(HmacTest, AgreesWithWycheproof) {
  for (const auto& test : vector_file("hmac_wycheproof.txt"))
    expect_verdict(test, hmac(hash_of(test[2]), secret_of(test[3]), bytes_of(test[4])) == bytes_of(test[5]));
}

// As SP 800-108 uses it in counter mode: its blocks, one after the other.
TEST(HmacTest, AgreesWithNistInCounterMode) {
  for (const auto& test : vector_file("sp800_108_nist.txt")) {
    const Bytes expected = bytes_of(test[4]), fixed = bytes_of(test[3]);
    Bytes output;
    for (uint8_t block = 1; output.size() < expected.size(); ++block) {
      Bytes input = {0, 0, 0, block};
      input.insert(input.end(), fixed.begin(), fixed.end());
      const Bytes mac = hmac(hash_of(test[1]), secret_of(test[2]), input);
      output.insert(output.end(), mac.begin(), mac.end());
    }
    output.resize(expected.size());
    EXPECT_EQ(output, expected) << test[0];
  }
}

// RFC 4231 section 4.3, the shortest key.
TEST(HmacTest, AgreesWithTheStandard) {
  const auto key = secret::SecretBytes::copy_of(to_bytes("Jefe"));
  const Bytes message = to_bytes("what do ya want for nothing?");
  EXPECT_EQ(hmac(Hash::kSha224, key, message),
            bytes_of("a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"));
  EXPECT_EQ(hmac(Hash::kSha256, key, message),
            bytes_of("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
}

}  // namespace
}  // namespace coffer::crypto
