// SPDX-License-Identifier: Apache-2.0
// Are keys that are given by their numbers the same keys, and do they verify what their private halves
// signed?
#include "crypto/json_web_key.h"

#include <gtest/gtest.h>

#include "crypto/ecdsa.h"
#include "crypto/hash.h"
#include "crypto/rsa.h"

namespace coffer::crypto {
namespace {

const Bytes kMessage = {'h', '.', 'c'};

// An uncompressed point ends a SubjectPublicKeyInfo on P-256.
Bytes tail_of(const Bytes& der, size_t from_end, size_t size) {
  const auto start = der.end() - static_cast<ptrdiff_t>(from_end);
  return Bytes(start, start + static_cast<ptrdiff_t>(size));
}

// r and s of a DER signature, 32 bytes each.
Bytes raw_signature(const Bytes& der) {
  Bytes raw;
  for (size_t at = 2; at < der.size(); at += 2 + der[at + 1]) {
    Bytes number(der.begin() + static_cast<ptrdiff_t>(at) + 2,
                 der.begin() + static_cast<ptrdiff_t>(at) + 2 + der[at + 1]);
    while (number.size() > 32) number.erase(number.begin());
    raw.insert(raw.end(), 32 - number.size(), 0);
    raw.insert(raw.end(), number.begin(), number.end());
  }
  return raw;
}

TEST(JsonWebKey, OnP256IsThePointOfItsNumbers) {
  const auto pair = PrivateKey::generate(KeyPairKind::kP256);
  const Bytes der = pair.public_key().der();
  const auto key = p256_public_key(tail_of(der, 64, 32), tail_of(der, 32, 32));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->der(), der);
  const auto signature = ecdsa_sign(pair, digest(Hash::kSha256, kMessage));
  ASSERT_TRUE(signature);
  Bytes raw = raw_signature(*signature);
  EXPECT_TRUE(verify_token_signature(*key, kMessage, raw));
  EXPECT_FALSE(verify_token_signature(*key, kMessage, *signature));  // DER is not what tokens have
  raw[40] ^= 1;
  EXPECT_FALSE(verify_token_signature(*key, kMessage, raw));
  EXPECT_FALSE(verify_token_signature(*key, kMessage, Bytes(64, 0)));
  EXPECT_FALSE(verify_token_signature(*key, kMessage, {}));
}

TEST(JsonWebKey, OfRsaHasItsModulusAndExponent) {
  const auto pair = PrivateKey::generate(KeyPairKind::kRsa2048);
  const Bytes der = pair.public_key().der();
  // A SubjectPublicKeyInfo ends with the modulus, and INTEGER 65537 of five bytes.
  const auto key = rsa_public_key(tail_of(der, 256 + 5, 256), Bytes{1, 0, 1});
  ASSERT_TRUE(key);
  EXPECT_EQ(key->der(), der);
  const Bytes hashed = digest(Hash::kSha256, kMessage);
  const auto signature = rsa_sign(pair, RsaSignature::kPkcs1, Hash::kSha256, hashed);
  const auto padded_otherwise = rsa_sign(pair, RsaSignature::kPss, Hash::kSha256, hashed);
  ASSERT_TRUE(signature && padded_otherwise);
  EXPECT_TRUE(verify_token_signature(*key, kMessage, *signature));
  EXPECT_FALSE(verify_token_signature(*key, kMessage, *padded_otherwise));
  EXPECT_FALSE(verify_token_signature(*key, Bytes{'x'}, *signature));
}

TEST(JsonWebKey, OfOtherNumbersIsNone) {
  EXPECT_FALSE(p256_public_key(Bytes(32, 1), Bytes(32, 1)));  // not on the curve
  EXPECT_FALSE(p256_public_key(Bytes(31, 1), Bytes(32, 1)));
  EXPECT_FALSE(p256_public_key({}, {}));
  EXPECT_FALSE(rsa_public_key(Bytes(128, 0xFF), Bytes{1, 0, 1}));  // 1024 bits
  EXPECT_FALSE(rsa_public_key(Bytes(256, 0xFF), {}));
  EXPECT_FALSE(rsa_public_key(Bytes(256, 0x00), Bytes{1, 0, 1}));
}

TEST(JsonWebKey, OfAnotherKindVerifiesNothing) {
  const auto pair = PrivateKey::generate(KeyPairKind::kP384);
  const auto signature = ecdsa_sign(pair, digest(Hash::kSha256, kMessage));
  ASSERT_TRUE(signature);
  EXPECT_FALSE(verify_token_signature(pair.public_key(), kMessage, *signature));
}

}  // namespace
}  // namespace coffer::crypto
