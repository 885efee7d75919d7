// SPDX-License-Identifier: Apache-2.0
#include "keys/installation_secrets.h"

#include <gtest/gtest.h>

#include <set>

#include "base/encoding.h"
#include "crypto/random.h"
#include "tests/support/bit_flips.h"

namespace coffer::keys {
namespace {

using format::SecretKind;
using secret::RawAccess;
using secret::SecretBytes;

struct InstallationSecrets : ::testing::Test {
  void SetUp() override { domain_keys.add(1, crypto::random_secret(32)); }
  DomainKeys domain_keys;
};

TEST_F(InstallationSecrets, EveryFlippedBitIsRefusedByOneError) {
  const SecretBytes secret = make_access_key_secret();
  const Bytes wrapped = *wrap_secret(domain_keys, SecretKind::kAccessKeySecret, "AKIA1", secret);
  expect_every_flip_refused(wrapped, [&](ByteView bytes) {
    return status_of(open_secret(domain_keys, SecretKind::kAccessKeySecret, "AKIA1", bytes));
  });
}

TEST_F(InstallationSecrets, ASecretOpensUnderItsOwnNameAndKindOnly) {
  const SecretBytes secret = make_access_key_secret();
  const Bytes wrapped = *wrap_secret(domain_keys, SecretKind::kAccessKeySecret, "AKIA1", secret);
  const auto opened = open_secret(domain_keys, SecretKind::kAccessKeySecret, "AKIA1", wrapped);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->equals(secret));
  EXPECT_FALSE(open_secret(domain_keys, SecretKind::kAccessKeySecret, "AKIA2", wrapped));
  EXPECT_FALSE(open_secret(domain_keys, SecretKind::kCertificateAuthorityKey, "AKIA1", wrapped));
}

TEST_F(InstallationSecrets, AccessKeySecretsAreFortyCharactersOfTheWholeAlphabet) {
  std::set<char> seen;
  for (int i = 0; i < 200; ++i) {
    const SecretBytes secret = make_access_key_secret();
    ASSERT_EQ(secret.size(), 40u);
    const auto text = as_text(secret.read(RawAccess::because("the test looks at the characters")));
    for (const char c : text) seen.insert(c);
    EXPECT_TRUE(from_base64(text)) << "40 characters are 30 bytes of base64";
  }
  EXPECT_EQ(seen.size(), 64u);
}

// AWS General Reference, "Examples of how to derive a signing key for Signature Version 4".
TEST(SigningKey, AgreesWithThePublishedExample) {
  const auto secret = SecretBytes::copy_of(as_bytes("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
  const auto key = derive_signing_key(secret, "20150830", "us-east-1", "iam");
  EXPECT_EQ(hex(key.read(RawAccess::because("the example is published"))),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

}  // namespace
}  // namespace coffer::keys
