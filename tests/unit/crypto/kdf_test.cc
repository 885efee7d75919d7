// SPDX-License-Identifier: Apache-2.0
#include "crypto/kdf.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <random>
#include <set>

#include "crypto/mac.h"
#include "crypto/random.h"
#include "tests/unit/crypto/vector_file.h"

namespace coffer::crypto {
namespace {

// OpenSSL's own SP 800-108, which calls the label "salt" and the context "info".
Bytes openssl_kbkdf(Bytes key, std::string label, Bytes context, size_t size) {
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "KBKDF", nullptr);
  EVP_KDF_CTX* state = EVP_KDF_CTX_new(kdf);
  char mode[] = "counter", mac[] = "HMAC", digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, mode, 0),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MAC, mac, 0),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, label.data(), label.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, context.data(), context.size()),
      OSSL_PARAM_construct_end()};
  Bytes out(size);
  EXPECT_EQ(EVP_KDF_derive(state, out.data(), out.size(), parameters), 1);
  EVP_KDF_CTX_free(state);
  EVP_KDF_free(kdf);
  return out;
}

TEST(DeriveKey, AgreesWithAnotherImplementation) {
  for (const VectorCase& fields : vector_file("sp800_108_hmac_sha256.txt")) {
    ASSERT_EQ(fields.size(), 5u);
    const size_t size = std::stoul(fields[3]);
    const Bytes label = bytes_of(fields[1]);
    const Bytes out = revealed(derive_key(secret_of(fields[0]), as_text(label), bytes_of(fields[2]), size));
    EXPECT_EQ(size <= 1000 ? hex(out) : hex(sha256(out)), fields[4]);
  }
}

TEST(DeriveKey, AgreesWithOpensslsKbkdf) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    const Bytes key = random_bytes(random() % 100 + 1), context = random_bytes(random() % 100 + 1);
    const std::string label = hex(random_bytes(random() % 20 + 1));
    const size_t size = round == 0 ? 8160 : random() % 200 + 1;
    ASSERT_EQ(hex(revealed(derive_key(secret::SecretBytes::copy_of(key), label, context, size))),
              hex(openssl_kbkdf(key, label, context, size)));
  }
}

// Does each input matter, also where label and context meet?
TEST(DeriveKey, KeepsPurposesApart) {
  const auto key = random_secret(32);
  std::set<Bytes> derived;
  derived.insert(revealed(derive_key(key, "ab", as_bytes("c"), 32)));
  derived.insert(revealed(derive_key(key, "a", as_bytes("bc"), 32)));
  derived.insert(revealed(derive_key(key, "abc", {}, 32)));
  derived.insert(revealed(derive_key(key, "", as_bytes("abc"), 32)));
  derived.insert(revealed(derive_key(random_secret(32), "ab", as_bytes("c"), 32)));
  Bytes longer = revealed(derive_key(key, "ab", as_bytes("c"), 33));
  longer.pop_back();
  derived.insert(longer);
  EXPECT_EQ(derived.size(), 6u);
}

TEST(Hkdf, AgreesWithRfc5869) {
  for (const VectorCase& fields : vector_file("hkdf_sha256.txt")) {
    ASSERT_EQ(fields.size(), 4u);
    const Bytes expected = bytes_of(fields[3]);
    EXPECT_EQ(hex(revealed(hkdf_sha256(secret_of(fields[0]), bytes_of(fields[1]), bytes_of(fields[2]),
                                       expected.size()))),
              hex(expected));
  }
}

TEST(KdfDeathTest, SizesOutOfRangeAbort) {
  EXPECT_DEATH(derive_key(secret::SecretBytes(32), "label", {}, 0), "");
  EXPECT_DEATH(derive_key(secret::SecretBytes(32), "label", {}, 8161), "");
  EXPECT_DEATH(hkdf_sha256(secret::SecretBytes(32), {}, {}, 0), "");
  EXPECT_DEATH(hkdf_sha256(secret::SecretBytes(32), {}, {}, 8161), "");
}

}  // namespace
}  // namespace coffer::crypto
