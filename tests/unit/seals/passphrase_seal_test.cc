// SPDX-License-Identifier: Apache-2.0
// Does a passphrase give the same key again, and another none?
#include "seals/passphrase_seal.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace coffer::seals {
namespace {

constexpr crypto::Argon2Cost kCheap{64, 1, 1};

secret::SecretBytes words(std::string_view text) {
  return secret::SecretBytes::copy_of(as_bytes(text));
}

TEST(Argon2id, GivesTheValueOfTheReferenceImplementation) {
  // The reference implementation's own test (test.c of phc-winner-argon2): argon2id, version 0x13.
  const auto key = crypto::derive_from_passphrase(words("password"), as_bytes("somesalt"), {65536, 2, 1});
  ASSERT_TRUE(key);
  EXPECT_EQ(hex(key->read(secret::RawAccess::because("a published value"))),
            "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7");
}

TEST(PassphraseSeal, TheSamePassphraseGivesTheSameKey) {
  const auto made = make_passphrase_key(words("correct horse"), kCheap);
  ASSERT_TRUE(made);
  const auto again = open_passphrase_key(words("correct horse"), made->parameters);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->equals(made->key));
}

TEST(PassphraseSeal, AnotherPassphraseIsRefused) {
  const auto made = make_passphrase_key(words("correct horse"), kCheap);
  const auto other = open_passphrase_key(words("correct horsf"), made->parameters);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::kRefusedCiphertext);
}

TEST(PassphraseSeal, EachSealingHasASaltAndAKeyOfItsOwn) {
  const auto one = make_passphrase_key(words("correct horse"), kCheap);
  const auto two = make_passphrase_key(words("correct horse"), kCheap);
  EXPECT_NE(one->parameters.salt, two->parameters.salt);
  EXPECT_FALSE(one->key.equals(two->key));
}

TEST(PassphraseSeal, AShortPassphraseIsRefused) {
  EXPECT_EQ(make_passphrase_key(words("1234567"), kCheap).error().kind, ErrorKind::kInvalidArgument);
}

TEST(PassphraseSeal, ParametersThatWouldExhaustTheMachineAreRefused) {
  auto parameters = make_passphrase_key(words("correct horse"), kCheap)->parameters;
  ASSERT_TRUE(format::parse_passphrase_parameters(format::encode(parameters)));
  parameters.memory_kib = format::kMostArgon2MemoryKib + 1;
  EXPECT_EQ(format::parse_passphrase_parameters(format::encode(parameters)).error().kind,
            ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace coffer::seals
