// SPDX-License-Identifier: Apache-2.0
#include "crypto/ecdh.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include "crypto/openssl_handle.h"
#include "tests/unit/crypto/wycheproof.h"

namespace coffer::crypto {
namespace {

// The vectors give the number alone.
secret::SecretBytes pkcs8_of_number(KeyPairKind kind, const Bytes& number) {
  const char* curve = kind == KeyPairKind::kP256   ? "prime256v1"
                      : kind == KeyPairKind::kP384 ? "secp384r1"
                                                   : "secp521r1";
  BIGNUM* d = BN_bin2bn(number.data(), static_cast<int>(number.size()), nullptr);
  EC_GROUP* group = EC_GROUP_new_by_curve_name(OBJ_txt2nid(curve));
  EC_POINT* point = EC_POINT_new(group);
  EC_POINT_mul(group, point, d, nullptr, nullptr, nullptr);
  uint8_t* encoded = nullptr;
  const size_t size = EC_POINT_point2buf(group, point, POINT_CONVERSION_UNCOMPRESSED, &encoded, nullptr);
  OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0);
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, d);
  OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, encoded, size);
  OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(builder);
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* raw = nullptr;
  EVP_PKEY_fromdata_init(context.get());
  EXPECT_EQ(EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_KEYPAIR, parameters), 1);
  const KeyHandle key(raw);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(builder);
  OPENSSL_free(encoded);
  EC_POINT_free(point);
  EC_GROUP_free(group);
  BN_free(d);
  PKCS8_PRIV_KEY_INFO* info = EVP_PKEY2PKCS8(key.get());
  Bytes der(static_cast<size_t>(i2d_PKCS8_PRIV_KEY_INFO(info, nullptr)));
  uint8_t* cursor = der.data();
  i2d_PKCS8_PRIV_KEY_INFO(info, &cursor);
  PKCS8_PRIV_KEY_INFO_free(info);
  return secret::SecretBytes::copy_of(der);
}

void expect_verdicts(const std::string& file) {
  for (const auto& test : vector_file(file)) {
    const KeyPairKind kind = kind_of(test[2]);
    const auto key = PrivateKey::parse(kind, pkcs8_of_number(kind, bytes_of(test[4])));
    ASSERT_TRUE(key) << test[0];
    const auto shared = PublicKey::parse(kind, bytes_of(test[3])).and_then([&](const PublicKey& peer) {
      return ecdh(*key, peer);
    });
    expect_verdict(test, shared.has_value());
    if (!shared) continue;
    EXPECT_EQ(revealed(*shared), bytes_of(test[5])) << test[0];
  }
}

TEST(EcdhTest, AgreesWithWycheproof) {
  expect_verdicts("ecdh_wycheproof.txt");
}

TEST(EcdhTest, AgreesWithNist) {
  expect_verdicts("ecdh_nist.txt");
}

TEST(EcdhTest, BothSidesComeToTheSame) {
  for (const auto kind : {KeyPairKind::kP256, KeyPairKind::kP384, KeyPairKind::kP521}) {
    const auto one = PrivateKey::generate(kind), other = PrivateKey::generate(kind);
    const auto here = ecdh(one, other.public_key()), there = ecdh(other, one.public_key());
    ASSERT_TRUE(here && there);
    EXPECT_TRUE(here->equals(*there));
    EXPECT_EQ(here->size(), kind == KeyPairKind::kP256 ? 32u : kind == KeyPairKind::kP384 ? 48u : 66u);
  }
}

TEST(EcdhTest, TakesNoPeerOnAnotherCurve) {
  const auto key = PrivateKey::generate(KeyPairKind::kP256);
  const auto other = PrivateKey::generate(KeyPairKind::kP384);
  EXPECT_EQ(ecdh(key, other.public_key()).error().kind, ErrorKind::kInvalidArgument);
  const auto bitcoin = PrivateKey::generate(KeyPairKind::kSecp256k1);
  EXPECT_FALSE(ecdh(bitcoin, bitcoin.public_key()));
}

}  // namespace
}  // namespace coffer::crypto
