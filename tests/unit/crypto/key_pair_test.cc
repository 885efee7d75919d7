// SPDX-License-Identifier: Apache-2.0
#include "crypto/key_pair.h"

#include "tests/unit/crypto/wycheproof.h"

namespace coffer::crypto {
namespace {

constexpr KeyPairKind kQuickKinds[] = {KeyPairKind::kRsa2048, KeyPairKind::kP256,      KeyPairKind::kP384,
                                       KeyPairKind::kP521,    KeyPairKind::kSecp256k1, KeyPairKind::kEd25519};

TEST(KeyPairTest, ComesBackFromItsEncodings) {
  for (const auto kind : kQuickKinds) {
    const auto key = PrivateKey::generate(kind);
    const auto again = PrivateKey::parse(kind, key.pkcs8());
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->pkcs8().equals(key.pkcs8()));
    EXPECT_EQ(again->public_key().der(), key.public_key().der());
    const auto public_key = PublicKey::parse(kind, key.public_key().der());
    ASSERT_TRUE(public_key);
    EXPECT_EQ(public_key->der(), key.public_key().der());
  }
}

TEST(KeyPairTest, IsRefusedAsAnyOtherKind) {
  for (const auto kind : kQuickKinds) {
    const auto key = PrivateKey::generate(kind);
    for (const auto other : kQuickKinds) {
      if (other == kind) continue;
      EXPECT_FALSE(PrivateKey::parse(other, key.pkcs8()));
      EXPECT_FALSE(PublicKey::parse(other, key.public_key().der()));
    }
    EXPECT_FALSE(PrivateKey::parse(KeyPairKind::kRsa3072, key.pkcs8()));
  }
}

TEST(KeyPairTest, TakesNothingAfterTheKey) {
  for (const auto kind : kQuickKinds) {
    const auto key = PrivateKey::generate(kind);
    Bytes longer = revealed(key.pkcs8());
    longer.push_back(0);
    EXPECT_FALSE(PrivateKey::parse(kind, secret::SecretBytes::copy_of(longer)));
    Bytes longer_public = key.public_key().der();
    longer_public.push_back(0);
    EXPECT_FALSE(PublicKey::parse(kind, longer_public));
    EXPECT_FALSE(PrivateKey::parse(kind, secret::SecretBytes::copy_of(key.public_key().der())));
  }
}

// A foreign private key whose public half is another key's: what it signed, its public key would not verify.
TEST(KeyPairTest, RefusesAPairThatDoesNotFit) {
  const auto one = PrivateKey::generate(KeyPairKind::kP256), other = PrivateKey::generate(KeyPairKind::kP256);
  Bytes mixed = revealed(one.pkcs8());
  const Bytes theirs = revealed(other.pkcs8());
  ASSERT_EQ(mixed.size(), theirs.size());
  std::copy(theirs.end() - 64, theirs.end(), mixed.end() - 64);  // the point ends the encoding
  EXPECT_FALSE(PrivateKey::parse(KeyPairKind::kP256, secret::SecretBytes::copy_of(mixed)));
}

TEST(KeyPairTest, NeverMakesTheSameTwice) {
  for (const auto kind : kQuickKinds)
    EXPECT_NE(PrivateKey::generate(kind).public_key().der(), PrivateKey::generate(kind).public_key().der());
}

}  // namespace
}  // namespace coffer::crypto
