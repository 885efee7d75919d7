// SPDX-License-Identifier: Apache-2.0
#include "keys/key_operations.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"

namespace coffer::keys {
namespace {

using format::EncryptionAlgorithm;
using format::KeySpec;
using format::MessageType;
using format::SigningAlgorithm;

BackingKey key_of(KeySpec spec) {
  KeyMaterial material = generate_material(spec);
  BackingKey key;
  key.spec = spec;
  if (format::is_key_pair(spec))
    key.pair = *crypto::PrivateKey::parse(key_pair_kind(spec), material.bytes);
  else
    key.secret = std::move(material.bytes);
  return key;
}

constexpr KeySpec kSigners[] = {KeySpec::kRsa2048,       KeySpec::kEccNistP256,
                                KeySpec::kEccNistP384,   KeySpec::kEccNistP521,
                                KeySpec::kEccSecgP256k1, KeySpec::kEccNistEdwards25519};
const Bytes kMessage = to_bytes("what is signed");

TEST(KeyOperations, EveryAlgorithmOfASpecSignsWhatItVerifies) {
  for (const KeySpec spec : kSigners) {
    const BackingKey key = key_of(spec);
    for (const auto algorithm : format::signing_algorithms(spec)) {
      const auto signature = sign(key, algorithm, {MessageType::kRaw, kMessage});
      ASSERT_TRUE(signature);
      EXPECT_TRUE(*verify(key, algorithm, {MessageType::kRaw, kMessage}, *signature));
      EXPECT_FALSE(*verify(key, algorithm, {MessageType::kRaw, Bytes(5)}, *signature));
    }
  }
}

TEST(KeyOperations, ADigestIsSignedAsItIs) {
  const BackingKey key = key_of(KeySpec::kEccNistP384);
  const Bytes digest = crypto::digest(crypto::Hash::kSha384, kMessage);
  const auto signature = sign(key, SigningAlgorithm::kEcdsaSha384, {MessageType::kDigest, digest});
  ASSERT_TRUE(signature);
  EXPECT_TRUE(*verify(key, SigningAlgorithm::kEcdsaSha384, {MessageType::kRaw, kMessage}, *signature));
  EXPECT_FALSE(*verify(key, SigningAlgorithm::kEcdsaSha384, {MessageType::kRaw, digest}, *signature));
  EXPECT_EQ(sign(key, SigningAlgorithm::kEcdsaSha384, {MessageType::kDigest, Bytes(32)}).error().kind,
            ErrorKind::kInvalidArgument);
}

TEST(KeyOperations, Ed25519SignsNoDigests) {
  const BackingKey key = key_of(KeySpec::kEccNistEdwards25519);
  EXPECT_EQ(sign(key, SigningAlgorithm::kEd25519Sha512, {MessageType::kDigest, Bytes(64)}).error().kind,
            ErrorKind::kInvalidArgument);
}

TEST(KeyOperations, AKeyRefusesTheAlgorithmsOfOthers) {
  for (const KeySpec spec : kSigners) {
    const BackingKey key = key_of(spec);
    EXPECT_FALSE(generate_mac(key, kMessage));
    for (const KeySpec other : kSigners)
      for (const auto algorithm : format::signing_algorithms(other)) {
        const auto own = format::signing_algorithms(spec);
        if (std::find(own.begin(), own.end(), algorithm) != own.end()) continue;
        EXPECT_EQ(sign(key, algorithm, {MessageType::kRaw, kMessage}).error().kind,
                  ErrorKind::kInvalidArgument);
      }
  }
  const BackingKey symmetric = key_of(KeySpec::kSymmetricDefault);
  EXPECT_FALSE(sign(symmetric, SigningAlgorithm::kEcdsaSha256, {MessageType::kRaw, kMessage}));
  EXPECT_FALSE(generate_mac(symmetric, kMessage));
  EXPECT_FALSE(decrypt_asymmetric(symmetric, EncryptionAlgorithm::kSymmetricDefault, kMessage));
  EXPECT_FALSE(derive_shared_secret(symmetric, kMessage));
}

TEST(KeyOperations, MacsAreAsLongAsTheirHashAndComparedWhole) {
  const std::pair<KeySpec, size_t> sizes[] = {
      {KeySpec::kHmac224, 28}, {KeySpec::kHmac256, 32}, {KeySpec::kHmac384, 48}, {KeySpec::kHmac512, 64}};
  for (const auto& [spec, size] : sizes) {
    const BackingKey key = key_of(spec);
    auto mac = generate_mac(key, kMessage);
    ASSERT_TRUE(mac);
    EXPECT_EQ(mac->size(), size);
    EXPECT_TRUE(*verify_mac(key, kMessage, *mac));
    EXPECT_FALSE(*verify_mac(key, Bytes(3), *mac));
    EXPECT_FALSE(*verify_mac(key, kMessage, ByteView(*mac).first(size - 1)));
    mac->back() ^= 1;
    EXPECT_FALSE(*verify_mac(key, kMessage, *mac));
  }
}

TEST(KeyOperations, RsaEncryptsAndDecrypts) {
  const BackingKey key = key_of(KeySpec::kRsa2048);
  const auto plaintext = secret::SecretBytes::copy_of(kMessage);
  for (const auto algorithm : {EncryptionAlgorithm::kRsaesOaepSha1, EncryptionAlgorithm::kRsaesOaepSha256}) {
    const auto sealed = encrypt_asymmetric(key, algorithm, plaintext);
    ASSERT_TRUE(sealed);
    EXPECT_TRUE(decrypt_asymmetric(key, algorithm, *sealed)->equals(plaintext));
    EXPECT_EQ(decrypt_asymmetric(key, algorithm, ByteView(*sealed).first(255)).error().kind,
              ErrorKind::kRefusedCiphertext);
  }
}

TEST(KeyOperations, SharedSecretsAgree) {
  const BackingKey one = key_of(KeySpec::kEccNistP256), other = key_of(KeySpec::kEccNistP256);
  const auto here = derive_shared_secret(one, other.pair->public_key().der());
  const auto there = derive_shared_secret(other, one.pair->public_key().der());
  ASSERT_TRUE(here && there);
  EXPECT_TRUE(here->equals(*there));
  const BackingKey longer = key_of(KeySpec::kEccNistP384);
  EXPECT_EQ(derive_shared_secret(one, longer.pair->public_key().der()).error().kind,
            ErrorKind::kInvalidArgument);
}

}  // namespace
}  // namespace coffer::keys
