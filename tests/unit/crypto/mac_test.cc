// SPDX-License-Identifier: Apache-2.0
#include "crypto/mac.h"

#include <gtest/gtest.h>

#include "crypto/random.h"
#include "tests/unit/crypto/vector_file.h"

namespace coffer::crypto {
namespace {

TEST(Sha256, AgreesWithFips180) {
  // FIPS 180-4's examples "abc" and the empty message.
  EXPECT_EQ(hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256Stream, IsTheHashOfAllItsParts) {
  Sha256Stream stream;
  stream.update(as_bytes("a"));
  stream.update({});
  stream.update(as_bytes("bc"));
  EXPECT_EQ(std::move(stream).finish(), sha256(as_bytes("abc")));
  EXPECT_EQ(Sha256Stream().finish(), sha256({}));
}

TEST(Hmac, AgreesWithRfc4231) {
  for (const VectorCase& fields : vector_file("hmac_sha256.txt")) {
    ASSERT_EQ(fields.size(), 3u);
    EXPECT_EQ(hex(hmac_sha256(secret_of(fields[0]), bytes_of(fields[1]))), fields[2]);
    EXPECT_EQ(hex(revealed(hmac_sha256_secret(secret_of(fields[0]), bytes_of(fields[1])))), fields[2]);
  }
}

// FIPS 198-1 pads a short key with zeros: an empty key is one zero byte, and not "the key used last".
TEST(Hmac, AnEmptyKeyIsAKey) {
  hmac_sha256(random_secret(32), as_bytes("data"));
  EXPECT_EQ(hmac_sha256(secret::SecretBytes(), as_bytes("data")),
            hmac_sha256(secret::SecretBytes(1), as_bytes("data")));
  EXPECT_NE(hmac_sha256(random_secret(32), {}), hmac_sha256(secret::SecretBytes(), {}));
}

TEST(EqualConstantTime, LooksAtEveryBit) {
  const Bytes bytes = random_bytes(20);
  EXPECT_TRUE(equal_constant_time(bytes, Bytes(bytes)));
  EXPECT_TRUE(equal_constant_time({}, {}));
  EXPECT_FALSE(equal_constant_time(bytes, ByteView(bytes).first(19)));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes other = bytes;
    flip_bit(other, bit);
    EXPECT_FALSE(equal_constant_time(bytes, other));
  }
}

}  // namespace
}  // namespace coffer::crypto
