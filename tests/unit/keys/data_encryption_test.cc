// SPDX-License-Identifier: Apache-2.0
#include "keys/data_encryption.h"

#include <gtest/gtest.h>

#include "crypto/random.h"
#include "tests/support/bit_flips.h"

namespace coffer::keys {
namespace {

using format::BlobClass;
using format::EncryptionContext;
using secret::SecretBytes;

struct DataEncryption : ::testing::Test {
  const SecretBytes backing_key = crypto::random_secret(32);
  const SecretBytes plaintext = crypto::random_secret(64);
  const BlobKey key{"1234abcd-12ab-34cd-56ef-1234567890ab", 1};
  const EncryptionContext context{{"a", "bc"}};

  Bytes seal(BlobClass blob_class) const {
    return *seal_blob(backing_key, key, blob_class, context, plaintext);
  }
  Result<SecretBytes> open(ByteView blob, BlobClass blob_class) const {
    return open_blob(backing_key, key, blob_class, context, blob);
  }
};

TEST_F(DataEncryption, OpensWhatItSealed) {
  for (const BlobClass blob_class : {BlobClass::kCustomer, BlobClass::kVolume}) {
    const auto opened = open(seal(blob_class), blob_class);
    ASSERT_TRUE(opened);
    EXPECT_TRUE(opened->equals(plaintext));
  }
}

TEST_F(DataEncryption, EveryFlippedBitIsRefusedByOneError) {
  for (const BlobClass blob_class : {BlobClass::kCustomer, BlobClass::kVolume})
    expect_every_flip_refused(seal(blob_class),
                              [&](ByteView blob) { return status_of(open(blob, blob_class)); });
}

TEST_F(DataEncryption, TheClassIsAuthenticated) {
  Bytes blob = seal(BlobClass::kVolume);
  ASSERT_EQ(blob[1], static_cast<uint8_t>(BlobClass::kVolume));
  EXPECT_FALSE(open(blob, BlobClass::kCustomer));
  blob[1] = static_cast<uint8_t>(BlobClass::kCustomer);
  EXPECT_FALSE(open(blob, BlobClass::kCustomer));
  EXPECT_FALSE(open(blob, BlobClass::kVolume));
}

TEST_F(DataEncryption, AContextThatReadsAlikeDoesNotOpen) {
  const Bytes blob = seal(BlobClass::kCustomer);
  ASSERT_TRUE(open_blob(backing_key, key, BlobClass::kCustomer, {{"a", "bc"}}, blob));
  const EncryptionContext others[] = {
      {{"ab", "c"}}, {{"a", "b"}, {"c", ""}}, {{"", "abc"}}, {{"abc", ""}}, {}};
  for (const EncryptionContext& other : others)
    EXPECT_EQ(open_blob(backing_key, key, BlobClass::kCustomer, other, blob).error().kind,
              ErrorKind::kRefusedCiphertext);
}

TEST_F(DataEncryption, AnotherKeyIdOrVersionDoesNotOpen) {
  const Bytes blob = seal(BlobClass::kCustomer);
  const BlobKey other_id{"1234abcd-12ab-34cd-56ef-1234567890ac", 1}, other_version{key.key_id, 2};
  EXPECT_FALSE(open_blob(backing_key, other_id, BlobClass::kCustomer, context, blob));
  EXPECT_FALSE(open_blob(backing_key, other_version, BlobClass::kCustomer, context, blob));
}

TEST_F(DataEncryption, TheSamePlaintextNeverGivesTheSameBlob) {
  EXPECT_NE(seal(BlobClass::kCustomer), seal(BlobClass::kCustomer));
}

}  // namespace
}  // namespace coffer::keys
