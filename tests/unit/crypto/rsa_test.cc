// SPDX-License-Identifier: Apache-2.0
#include "crypto/rsa.h"

#include "tests/unit/crypto/wycheproof.h"

namespace coffer::crypto {
namespace {

const PrivateKey& some_key() {
  static const PrivateKey key = PrivateKey::generate(KeyPairKind::kRsa2048);
  return key;
}

TEST(RsaTest, SignaturesAgreeWithWycheproof) {
  for (const auto& test : vector_file("rsa_signatures_wycheproof.txt")) {
    const auto key = PublicKey::parse(kind_of(test[3]), bytes_of(test[5]));
    if (!key) {  // an exponent of 3, which FIPS 186-5 does not allow
      EXPECT_NE(test[0].find("SmallPublicKey"), std::string::npos) << test[0];
      continue;
    }
    const Hash hash = hash_of(test[4]);
    const auto scheme = test[2] == "PSS" ? RsaSignature::kPss : RsaSignature::kPkcs1;
    expect_verdict(test, rsa_verify(*key, scheme, hash, digest(hash, bytes_of(test[6])), bytes_of(test[7])));
  }
}

TEST(RsaTest, Pkcs1SignaturesAgreeWithNist) {
  for (const auto& test : vector_file("rsa_pkcs1_signatures_nist.txt")) {
    const auto key = PublicKey::parse(kind_of(test[2]), bytes_of(test[4]));
    const Hash hash = hash_of(test[3]);
    expect_verdict(test, key && rsa_verify(*key, RsaSignature::kPkcs1, hash, digest(hash, bytes_of(test[5])),
                                           bytes_of(test[6])));
  }
}

TEST(RsaTest, OaepAgreesWithWycheproof) {
  for (const auto& test : vector_file("rsa_oaep_wycheproof.txt")) {
    const auto key = PrivateKey::parse(kind_of(test[2]), secret_of(test[4]));
    ASSERT_TRUE(key) << test[0];
    const auto opened = rsa_decrypt_oaep(*key, hash_of(test[3]), bytes_of(test[6]));
    expect_verdict(test, opened.has_value());
    if (opened) {
      EXPECT_EQ(revealed(*opened), bytes_of(test[5])) << test[0];
    } else {
      EXPECT_EQ(opened.error().kind, ErrorKind::kRefusedCiphertext) << test[0];
    }
  }
}

TEST(RsaTest, SignsWhatItVerifiesAndNothingElse) {
  for (const auto scheme : {RsaSignature::kPss, RsaSignature::kPkcs1})
    for (const Hash hash : {Hash::kSha256, Hash::kSha384, Hash::kSha512}) {
      Bytes message = digest(hash, to_bytes("message"));
      const auto signature = rsa_sign(some_key(), scheme, hash, message);
      ASSERT_TRUE(signature);
      EXPECT_TRUE(rsa_verify(some_key().public_key(), scheme, hash, message, *signature));
      flip_bit(message, 3);
      EXPECT_FALSE(rsa_verify(some_key().public_key(), scheme, hash, message, *signature));
    }
}

TEST(RsaTest, RefusesADigestOfAnotherLength) {
  EXPECT_EQ(rsa_sign(some_key(), RsaSignature::kPss, Hash::kSha256, Bytes(31)).error().kind,
            ErrorKind::kInvalidArgument);
  EXPECT_FALSE(rsa_verify(some_key().public_key(), RsaSignature::kPss, Hash::kSha256, Bytes(48), Bytes(256)));
}

TEST(RsaTest, OaepTakesPlaintextsUpToItsLimit) {
  for (const Hash hash : {Hash::kSha1, Hash::kSha256}) {
    const size_t largest = largest_oaep_plaintext(KeyPairKind::kRsa2048, hash);
    EXPECT_EQ(largest, hash == Hash::kSha1 ? 214u : 190u);  // AWS KMS Developer Guide, "RSA key specs"
    const auto plaintext = secret::SecretBytes::copy_of(Bytes(largest, 7));
    const auto sealed = rsa_encrypt_oaep(some_key().public_key(), hash, plaintext);
    ASSERT_TRUE(sealed);
    const auto opened = rsa_decrypt_oaep(some_key(), hash, *sealed);
    ASSERT_TRUE(opened);
    EXPECT_TRUE(opened->equals(plaintext));
    EXPECT_FALSE(rsa_encrypt_oaep(some_key().public_key(), hash, secret::SecretBytes(largest + 1)));
  }
}

TEST(RsaTest, OaepOfOneHashDoesNotOpenUnderTheOther) {
  const auto sealed = rsa_encrypt_oaep(some_key().public_key(), Hash::kSha1, secret::SecretBytes(9));
  ASSERT_TRUE(sealed);
  EXPECT_FALSE(rsa_decrypt_oaep(some_key(), Hash::kSha256, *sealed));
}

}  // namespace
}  // namespace coffer::crypto
