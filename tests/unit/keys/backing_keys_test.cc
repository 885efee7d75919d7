// SPDX-License-Identifier: Apache-2.0
#include "keys/backing_keys.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/random.h"
#include "tests/support/bit_flips.h"

namespace coffer::keys {
namespace {

using format::KeyBinding;
using format::WrappedBackingKey;

struct BackingKeys : ::testing::Test {
  void SetUp() override {
    domain_keys.add(1, crypto::random_secret(32));
    key.token = *create_backing_key(domain_keys, key.binding, key.version);
  }
  CurrentDomainKeys in_force() const {
    DomainKeys copy;
    for (const auto& [version, each] : domain_keys.versions()) copy.add(version, each.clone());
    return CurrentDomainKeys(std::move(copy));
  }
  DomainKeys domain_keys;
  WrappedBackingKey key{{"123456789012", "us-west-2", "1234abcd-12ab-34cd-56ef-1234567890ab"}, 1, {}};
};

TEST_F(BackingKeys, EveryFlippedBitOfATokenIsRefusedByOneError) {
  expect_every_flip_refused(key.token, [&](ByteView token) {
    return status_of(open_backing_key(domain_keys, {key.binding, key.version, to_bytes(token)}));
  });
}

TEST_F(BackingKeys, ATokenOpensUnderItsOwnBindingOnly) {
  ASSERT_TRUE(open_backing_key(domain_keys, key));
  WrappedBackingKey account = key, region = key, key_id = key, version = key;
  account.binding.account = "123456789013";
  region.binding.region = "us-east-1";
  key_id.binding.key_id = "1234abcd-12ab-34cd-56ef-1234567890ac";
  version.version = 2;
  for (const auto& other : {account, region, key_id, version})
    EXPECT_EQ(open_backing_key(domain_keys, other).error().kind, ErrorKind::kRefusedCiphertext);
}

TEST_F(BackingKeys, AnotherDomainKeyDoesNotOpenIt) {
  DomainKeys others;
  others.add(1, crypto::random_secret(32));
  EXPECT_FALSE(open_backing_key(others, key));
}

TEST_F(BackingKeys, ATokenUnderAnOlderDomainKeyStillOpens) {
  domain_keys.add(2, crypto::random_secret(32));
  EXPECT_TRUE(open_backing_key(domain_keys, key));
}

TEST_F(BackingKeys, AMalformedBindingGetsNoKey) {
  const KeyBinding bad[] = {{"12345", "us-west-2", key.binding.key_id},
                            {"123456789012", "", key.binding.key_id},
                            {"123456789012", "us-west-2", "no-uuid"}};
  for (const KeyBinding& binding : bad)
    EXPECT_EQ(create_backing_key(domain_keys, binding, 1).error().kind, ErrorKind::kInvalidArgument);
}

TEST_F(BackingKeys, TheCacheGivesTheSameKeyAsTheToken) {
  const CurrentDomainKeys current = in_force();
  BackingKeyCache cache(current, 2);
  const auto expected = open_backing_key(domain_keys, key);
  for (int round = 0; round < 2; ++round) EXPECT_TRUE((*cache.get(key))->secret.equals(*expected));
  EXPECT_EQ(cache.size(), 1u);
}

TEST_F(BackingKeys, WhatIsCachedStillOpensUnderItsOwnBindingOnly) {
  const CurrentDomainKeys current = in_force();
  BackingKeyCache cache(current, 2);
  ASSERT_TRUE(cache.get(key));
  WrappedBackingKey other = key;
  other.binding.account = "123456789013";
  EXPECT_FALSE(cache.get(other));
}

TEST_F(BackingKeys, TheCacheForgetsTheLeastRecentlyUsedAndDropsItsKey) {
  const CurrentDomainKeys current = in_force();
  BackingKeyCache cache(current, 2);
  WrappedBackingKey keys[3] = {key, key, key};
  for (uint32_t i = 0; i < 3; ++i) {
    keys[i].version = i + 1;
    keys[i].token = *create_backing_key(domain_keys, key.binding, i + 1);
  }
  std::weak_ptr<const BackingKey> first = *cache.get(keys[0]);
  std::weak_ptr<const BackingKey> second = *cache.get(keys[1]);
  ASSERT_TRUE(cache.get(keys[0]));
  ASSERT_TRUE(cache.get(keys[2]));
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_FALSE(first.expired());
  EXPECT_TRUE(second.expired());
}

TEST_F(BackingKeys, MaterialOfEveryKindComesBackFromItsToken) {
  using format::KeySpec;
  for (const KeySpec spec : {KeySpec::kSymmetricDefault, KeySpec::kRsa2048, KeySpec::kEccNistP521,
                             KeySpec::kEccNistEdwards25519, KeySpec::kHmac384}) {
    const KeyMaterial made = generate_material(spec);
    key.token = *wrap_material(domain_keys, key.binding, key.version, made);
    const auto opened = open_material(domain_keys, key);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->spec, spec);
    EXPECT_TRUE(opened->bytes.equals(made.bytes));
    EXPECT_EQ(open_backing_key(domain_keys, key).has_value(), spec == KeySpec::kSymmetricDefault);
  }
}

TEST_F(BackingKeys, TheSpecIsAuthenticated) {
  KeyMaterial material = generate_material(format::KeySpec::kHmac256);
  key.token = *wrap_material(domain_keys, key.binding, key.version, material);
  key.token[1] = static_cast<uint8_t>(format::KeySpec::kSymmetricDefault);
  EXPECT_EQ(open_material(domain_keys, key).error().kind, ErrorKind::kRefusedCiphertext);
}

// Made by docs/format/token.md with Python's hmac and AES-GCM: the domain key is 00 01 02 .. 1f.
TEST_F(BackingKeys, TokensOfBothVersionsOpenAsTheFormatSays) {
  Bytes domain_key(32);
  for (uint8_t i = 0; i < 32; ++i) domain_key[i] = i;
  DomainKeys known;
  known.add(1, secret::SecretBytes::copy_of(domain_key));
  key.token = *from_hex(
      "01010000000c0000003132333435363738393031320900000075732d776573742d321234abcd12ab34cd56ef1234567890ab"
      "01000000101112131415161718191a1b1c1d1e1f202122232425262728292a2bf20868b6ab008f4ab35401c1d9aa4024e907"
      "e617c0a9b6146cebac8bd03d928d3b97a05e2a105b187efe4e270939c284");
  const auto old = open_material(known, key);
  ASSERT_TRUE(old);
  EXPECT_TRUE(old->bytes.equals(secret::SecretBytes::copy_of(Bytes(32, 0x42))));
  key.token = *from_hex(
      "020c010000000c0000003132333435363738393031320900000075732d776573742d321234abcd12ab34cd56ef1234567890"
      "ab01000000101112131415161718191a1b1c1d1e1f202122232425262728292a2b3b5d72d732876960dc838495ee0e0cb782"
      "72138752114f0048b070ded6e1d220bfd386f4e6e411276226f5d199556819a30c33f329930402d3ddcb5b2770ed7a");
  const auto current = open_material(known, key);
  ASSERT_TRUE(current);
  EXPECT_EQ(current->spec, format::KeySpec::kHmac384);
  EXPECT_TRUE(current->bytes.equals(secret::SecretBytes::copy_of(Bytes(48, 0x43))));
}

TEST_F(BackingKeys, AParsedKeyPairTakesThePlaceOfManyInTheCache) {
  const CurrentDomainKeys current = in_force();
  BackingKeyCache cache(current, 20);
  for (uint32_t version = 1; version <= 10; ++version) {
    key.version = version;
    key.token = *create_backing_key(domain_keys, key.binding, version);
    ASSERT_TRUE(cache.get(key));
  }
  EXPECT_EQ(cache.size(), 10u);
  key.token = *wrap_material(domain_keys, key.binding, 10, generate_material(format::KeySpec::kEccNistP256));
  const auto pair = cache.get(key);
  ASSERT_TRUE(pair);
  EXPECT_TRUE((*pair)->pair);
  EXPECT_LT(cache.size(), 10u);
  EXPECT_GT(cache.size(), 1u);
}

TEST_F(BackingKeys, AForgottenKeyIsWipedInAllItsVersionsAndNoOther) {
  const CurrentDomainKeys current = in_force();
  BackingKeyCache cache(current, 20);
  const format::KeyBinding doomed = key.binding;
  for (uint32_t version = 1; version <= 2; ++version) {
    key.version = version;
    key.token = *create_backing_key(domain_keys, key.binding, version);
    ASSERT_TRUE(cache.get(key));
  }
  key.binding.region = "eu-west-1";
  key.token = *create_backing_key(domain_keys, key.binding, key.version);
  ASSERT_TRUE(cache.get(key));
  ASSERT_EQ(cache.size(), 3u);
  cache.forget(doomed);
  EXPECT_EQ(cache.size(), 1u);
}

}  // namespace
}  // namespace coffer::keys
