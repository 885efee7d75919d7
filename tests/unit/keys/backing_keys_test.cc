// SPDX-License-Identifier: Apache-2.0
#include "keys/backing_keys.h"

#include <gtest/gtest.h>

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
  BackingKeyCache cache(domain_keys, 2);
  const auto expected = open_backing_key(domain_keys, key);
  for (int round = 0; round < 2; ++round) EXPECT_TRUE((*cache.get(key))->equals(*expected));
  EXPECT_EQ(cache.size(), 1u);
}

TEST_F(BackingKeys, WhatIsCachedStillOpensUnderItsOwnBindingOnly) {
  BackingKeyCache cache(domain_keys, 2);
  ASSERT_TRUE(cache.get(key));
  WrappedBackingKey other = key;
  other.binding.account = "123456789013";
  EXPECT_FALSE(cache.get(other));
}

TEST_F(BackingKeys, TheCacheForgetsTheLeastRecentlyUsedAndDropsItsKey) {
  BackingKeyCache cache(domain_keys, 2);
  WrappedBackingKey keys[3] = {key, key, key};
  for (uint32_t i = 0; i < 3; ++i) {
    keys[i].version = i + 1;
    keys[i].token = *create_backing_key(domain_keys, key.binding, i + 1);
  }
  std::weak_ptr<const secret::SecretBytes> first = *cache.get(keys[0]);
  std::weak_ptr<const secret::SecretBytes> second = *cache.get(keys[1]);
  ASSERT_TRUE(cache.get(keys[0]));
  ASSERT_TRUE(cache.get(keys[2]));
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_FALSE(first.expired());
  EXPECT_TRUE(second.expired());
}

}  // namespace
}  // namespace coffer::keys
