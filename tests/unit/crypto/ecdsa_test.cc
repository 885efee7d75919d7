// SPDX-License-Identifier: Apache-2.0
#include "crypto/ecdsa.h"

#include "tests/unit/crypto/wycheproof.h"

namespace coffer::crypto {
namespace {

Hash hash_in_kms(KeyPairKind kind) {
  if (kind == KeyPairKind::kP384) return Hash::kSha384;
  return kind == KeyPairKind::kP521 ? Hash::kSha512 : Hash::kSha256;
}

void expect_verdicts(const std::string& file) {
  for (const auto& test : vector_file(file)) {
    const KeyPairKind kind = kind_of(test[2]);
    const auto key = PublicKey::parse(kind, bytes_of(test[3]));
    ASSERT_TRUE(key) << test[0];
    expect_verdict(test, ecdsa_verify(*key, digest(hash_in_kms(kind), bytes_of(test[4])), bytes_of(test[5])));
  }
}

TEST(EcdsaTest, AgreesWithWycheproofAlsoOnMalformedDer) {
  expect_verdicts("ecdsa_wycheproof.txt");
}

TEST(EcdsaTest, AgreesWithNist) {
  expect_verdicts("ecdsa_nist.txt");
}

TEST(EcdsaTest, TakesThePublicKeysThatNistTakes) {
  for (const auto& test : vector_file("ec_public_keys_nist.txt"))
    expect_verdict(test, PublicKey::parse(kind_of(test[2]), bytes_of(test[3])).has_value());
}

TEST(EcdsaTest, SignsWhatItVerifiesAndNothingElse) {
  for (const auto kind :
       {KeyPairKind::kP256, KeyPairKind::kP384, KeyPairKind::kP521, KeyPairKind::kSecp256k1}) {
    const auto key = PrivateKey::generate(kind);
    Bytes message = digest(hash_in_kms(kind), to_bytes("message"));
    const auto signature = ecdsa_sign(key, message);
    ASSERT_TRUE(signature);
    EXPECT_TRUE(ecdsa_verify(key.public_key(), message, *signature));
    Bytes longer = *signature;
    longer.push_back(0);
    EXPECT_FALSE(ecdsa_verify(key.public_key(), message, longer));
    flip_bit(message, 0);
    EXPECT_FALSE(ecdsa_verify(key.public_key(), message, *signature));
  }
}

TEST(EcdsaTest, TakesNoKeyOfAnotherKind) {
  const auto key = PrivateKey::generate(KeyPairKind::kEd25519);
  EXPECT_EQ(ecdsa_sign(key, Bytes(32)).error().kind, ErrorKind::kInvalidArgument);
}

}  // namespace
}  // namespace coffer::crypto
