// SPDX-License-Identifier: Apache-2.0
#include "crypto/ed25519.h"

#include "tests/unit/crypto/wycheproof.h"

namespace coffer::crypto {
namespace {

TEST(Ed25519Test, AgreesWithWycheproof) {
  for (const auto& test : vector_file("ed25519_wycheproof.txt")) {
    const auto key = PublicKey::parse(KeyPairKind::kEd25519, bytes_of(test[2]));
    ASSERT_TRUE(key) << test[0];
    expect_verdict(test, ed25519_verify(*key, bytes_of(test[3]), bytes_of(test[4])));
  }
}

// RFC 8032 section 7.1, test 2.
TEST(Ed25519Test, SignsAsTheStandardSays) {
  const auto key = PrivateKey::parse(
      KeyPairKind::kEd25519, secret_of("302e020100300506032b657004220420"
                                       "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  ASSERT_TRUE(key);
  const auto signature = ed25519_sign(*key, bytes_of("72"));
  ASSERT_TRUE(signature);
  EXPECT_EQ(*signature, bytes_of("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                 "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"));
  EXPECT_TRUE(ed25519_verify(key->public_key(), bytes_of("72"), *signature));
  EXPECT_FALSE(ed25519_verify(key->public_key(), bytes_of("73"), *signature));
}

TEST(Ed25519Test, TakesNoKeyOfAnotherKind) {
  const auto key = PrivateKey::generate(KeyPairKind::kP256);
  EXPECT_FALSE(ed25519_sign(key, Bytes(1)));
  EXPECT_FALSE(ed25519_verify(key.public_key(), Bytes(1), Bytes(64)));
}

}  // namespace
}  // namespace coffer::crypto
