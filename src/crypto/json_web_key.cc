// SPDX-License-Identifier: Apache-2.0
#include "crypto/json_web_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "crypto/ecdsa.h"
#include "crypto/openssl_handle.h"
#include "crypto/rsa.h"

namespace coffer::crypto {
namespace {

constexpr size_t kCoordinate = 32;  // bytes, on P-256

using BigNumber = std::unique_ptr<BIGNUM, OpenSslFree<BN_free>>;
using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, OpenSslFree<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, OpenSslFree<OSSL_PARAM_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, OpenSslFree<ECDSA_SIG_free>>;

auto refused() {
  ERR_clear_error();
  return fail(ErrorKind::kInvalidArgument, "it is not a public key of a kind that is known here");
}

BigNumber number_of(ByteView bytes) {
  BigNumber number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  require(number != nullptr);
  return number;
}

// As SubjectPublicKeyInfo; empty when OpenSSL takes no such key.
Bytes encode(const char* type, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  require(parameters != nullptr && context != nullptr);
  EVP_PKEY* made = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return {};
  const KeyHandle key(made);
  const int size = i2d_PUBKEY(key.get(), nullptr);
  if (size <= 0) return {};
  Bytes der(static_cast<size_t>(size));
  uint8_t* cursor = der.data();
  i2d_PUBKEY(key.get(), &cursor);
  return der;
}

// RFC 3279 section 2.2.3, from r and s of 32 bytes each.
Bytes der_signature(ByteView signature) {
  const EcdsaSignature numbers(ECDSA_SIG_new());
  require(numbers != nullptr);
  BigNumber r = number_of(signature.first(kCoordinate)), s = number_of(signature.subspan(kCoordinate));
  require(ECDSA_SIG_set0(numbers.get(), r.get(), s.get()) == 1);
  static_cast<void>(r.release());  // the signature's now
  static_cast<void>(s.release());
  const int size = i2d_ECDSA_SIG(numbers.get(), nullptr);
  require(size > 0);
  Bytes der(static_cast<size_t>(size));
  uint8_t* cursor = der.data();
  i2d_ECDSA_SIG(numbers.get(), &cursor);
  return der;
}

}  // namespace

Result<PublicKey> rsa_public_key(ByteView modulus, ByteView exponent) {
  for (const auto kind : {KeyPairKind::kRsa2048, KeyPairKind::kRsa3072, KeyPairKind::kRsa4096}) {
    if (modulus.size() != modulus_size(kind) || exponent.empty() || exponent.size() > 8) continue;
    const ParameterBuilder builder(OSSL_PARAM_BLD_new());
    const BigNumber n = number_of(modulus), e = number_of(exponent);
    require(builder != nullptr &&
            OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
            OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1);
    auto key = PublicKey::parse(kind, encode("RSA", builder.get()));
    return key ? std::move(key) : refused();
  }
  return refused();
}

Result<PublicKey> p256_public_key(ByteView x, ByteView y) {
  if (x.size() != kCoordinate || y.size() != kCoordinate) return refused();
  Bytes point = {0x04};  // uncompressed (SEC 1 section 2.3.3)
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  require(builder != nullptr &&
          OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
          OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                           point.size()) == 1);
  auto key = PublicKey::parse(KeyPairKind::kP256, encode("EC", builder.get()));
  return key ? std::move(key) : refused();
}

bool verify_token_signature(const PublicKey& key, ByteView signed_part, ByteView signature) {
  const Bytes hashed = digest(Hash::kSha256, signed_part);
  if (is_rsa(key.kind())) return rsa_verify(key, RsaSignature::kPkcs1, Hash::kSha256, hashed, signature);
  if (key.kind() != KeyPairKind::kP256 || signature.size() != 2 * kCoordinate) return false;
  return ecdsa_verify(key, hashed, der_signature(signature));
}

}  // namespace coffer::crypto
