// SPDX-License-Identifier: Apache-2.0
#include "crypto/aead.h"

#include <gtest/gtest.h>

#include "crypto/random.h"
#include "tests/unit/crypto/vector_file.h"

namespace coffer::crypto {
namespace {

// name verdict key iv associated-data plaintext ciphertext tag
void check_vectors(const std::string& file, size_t expected_valid, size_t expected_invalid) {
  size_t valid = 0, invalid = 0;
  for (const VectorCase& fields : vector_file(file)) {
    ASSERT_EQ(fields.size(), 8u);
    SCOPED_TRACE(fields[0]);
    const auto key = secret_of(fields[2]);
    const Bytes iv = bytes_of(fields[3]), associated_data = bytes_of(fields[4]);
    Bytes sealed = bytes_of(fields[6]);
    const Bytes tag = bytes_of(fields[7]);
    sealed.insert(sealed.end(), tag.begin(), tag.end());
    const auto opened = aead_open(key, iv, associated_data, sealed);
    if (fields[1] == "valid") {
      ++valid;
      ASSERT_TRUE(opened);
      EXPECT_EQ(hex(revealed(*opened)), hex(bytes_of(fields[5])));
      const auto resealed = aead_seal(key, iv, associated_data, secret_of(fields[5]));
      ASSERT_TRUE(resealed);
      EXPECT_EQ(hex(*resealed), hex(sealed));
    } else {
      ++invalid;
      ASSERT_FALSE(opened);
      EXPECT_EQ(opened.error().kind, ErrorKind::kRefusedCiphertext);
    }
  }
  EXPECT_EQ(valid, expected_valid);
  EXPECT_EQ(invalid, expected_invalid);
}

TEST(Aead, AgreesWithNist) {
  check_vectors("aes_256_gcm_nist.txt", 50, 50);
}
TEST(Aead, AgreesWithWycheproof) {
  check_vectors("aes_256_gcm_wycheproof.txt", 39, 27);
}

// Is any bit of anything ignored? And do all refusals look the same?
TEST(Aead, EveryFlippedBitIsRefusedAlike) {
  const Bytes key = random_bytes(kAeadKeySize), iv = random_bytes(kAeadIvSize), context = random_bytes(20);
  const auto open = [](const Bytes& k, const Bytes& v, const Bytes& c, const Bytes& sealed) {
    return aead_open(secret::SecretBytes::copy_of(k), v, c, sealed);
  };
  const auto sealed = aead_seal(secret::SecretBytes::copy_of(key), iv, context, random_secret(33));
  ASSERT_TRUE(sealed);
  ASSERT_TRUE(open(key, iv, context, *sealed));
  std::vector<Error> refusals;
  const auto check = [&](const Result<secret::SecretBytes>& opened) {
    ASSERT_FALSE(opened);
    refusals.push_back(opened.error());
  };
  const auto flipped = [](Bytes bytes, size_t bit) {
    flip_bit(bytes, bit);
    return bytes;
  };
  for (size_t bit = 0; bit < sealed->size() * 8; ++bit) check(open(key, iv, context, flipped(*sealed, bit)));
  for (size_t bit = 0; bit < context.size() * 8; ++bit) check(open(key, iv, flipped(context, bit), *sealed));
  for (size_t bit = 0; bit < iv.size() * 8; ++bit) check(open(key, flipped(iv, bit), context, *sealed));
  for (size_t bit = 0; bit < key.size() * 8; ++bit) check(open(flipped(key, bit), iv, context, *sealed));
  for (size_t size = 0; size < sealed->size(); ++size)
    check(open(key, iv, context, Bytes(sealed->begin(), sealed->begin() + static_cast<ptrdiff_t>(size))));
  for (const Error& refusal : refusals) {
    EXPECT_EQ(refusal.kind, ErrorKind::kRefusedCiphertext);
    EXPECT_EQ(refusal.message, refusals.front().message);
  }
}

// GCM with another IV size is another function (SP 800-38D section 7.1); none of it may slip through.
TEST(Aead, OnlyItsOwnSizesAreAccepted) {
  const auto plaintext = random_secret(5);
  for (size_t size = 0; size <= 64; ++size) {
    EXPECT_EQ(aead_seal(random_secret(kAeadKeySize), Bytes(size), {}, plaintext).has_value(),
              size == kAeadIvSize);
    EXPECT_EQ(aead_seal(random_secret(size), Bytes(kAeadIvSize), {}, plaintext).has_value(),
              size == kAeadKeySize);
    EXPECT_FALSE(aead_open(random_secret(size), Bytes(kAeadIvSize), {}, Bytes(40)));
    EXPECT_FALSE(aead_open(random_secret(kAeadKeySize), Bytes(size), {}, Bytes(40)));
  }
  EXPECT_EQ(aead_seal(random_secret(16), Bytes(kAeadIvSize), {}, plaintext).error().kind,
            ErrorKind::kInvalidArgument);
}

TEST(Aead, AnEmptyMessageIsStillAuthenticated) {
  const auto key = random_secret(kAeadKeySize);
  const Bytes iv = random_bytes(kAeadIvSize);
  const auto sealed = aead_seal(key, iv, as_bytes("context"), secret::SecretBytes());
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->size(), kAeadTagSize);
  EXPECT_TRUE(aead_open(key, iv, as_bytes("context"), *sealed));
  EXPECT_FALSE(aead_open(key, iv, {}, *sealed));
}

}  // namespace
}  // namespace coffer::crypto
