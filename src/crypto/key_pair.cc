// SPDX-License-Identifier: Apache-2.0
#include "crypto/key_pair.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <climits>
#include <string_view>

#include "crypto/openssl_handle.h"

namespace coffer::crypto {
namespace {

using secret::RawAccess;
using secret::SecretBytes;
using Pkcs8 = std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpenSslFree<PKCS8_PRIV_KEY_INFO_free>>;
using BigNumber = std::unique_ptr<BIGNUM, OpenSslFree<BN_clear_free>>;

constexpr unsigned long kExponent = 65537;

std::shared_ptr<EVP_PKEY> shared(EVP_PKEY* key) {
  return {key, EVP_PKEY_free};
}

tl::unexpected<Error> refused() {
  ERR_clear_error();
  return fail(ErrorKind::kInvalidArgument, "not a valid key of the kind that is needed");
}

// OpenSSL's name of the curve.
const char* curve_name(KeyPairKind kind) {
  switch (kind) {
    case KeyPairKind::kP256:
      return "prime256v1";
    case KeyPairKind::kP384:
      return "secp384r1";
    case KeyPairKind::kP521:
      return "secp521r1";
    case KeyPairKind::kSecp256k1:
      return "secp256k1";
    default:
      return nullptr;
  }
}

// AWS's wrapping and imported keys have e = 65537 or another exponent that FIPS 186-5 allows.
bool good_exponent(const EVP_PKEY* key) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &raw) != 1) return false;
  const BigNumber exponent(raw);
  return BN_is_odd(raw) && BN_num_bits(raw) >= 17 && BN_num_bits(raw) <= 256;
}

bool is_on_curve(const EVP_PKEY* key, const char* curve) {
  char name[64] = {};
  size_t size = 0;
  // An explicit description of a curve has another encoding, even if it describes this one.
  char encoding[64] = {};
  return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name, &size) == 1 &&
         std::string_view(name) == curve &&
         EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, encoding, sizeof encoding, &size) ==
             1 &&
         std::string_view(encoding) == OSSL_PKEY_EC_ENCODING_GROUP;
}

bool has_kind(const EVP_PKEY* key, KeyPairKind kind) {
  if (is_rsa(kind))
    return EVP_PKEY_is_a(key, "RSA") == 1 &&
           EVP_PKEY_get_bits(key) == static_cast<int>(modulus_size(kind)) * 8 && good_exponent(key);
  if (is_weierstrass(kind)) return EVP_PKEY_is_a(key, "EC") == 1 && is_on_curve(key, curve_name(kind));
  return EVP_PKEY_is_a(key, "ED25519") == 1;
}

bool is_consistent(EVP_PKEY* key) {
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return context != nullptr && EVP_PKEY_check(context.get()) == 1;
}

bool is_valid_public(EVP_PKEY* key) {
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return context != nullptr && EVP_PKEY_public_check(context.get()) == 1;
}

EVP_PKEY* generate_key(KeyPairKind kind) {
  if (is_rsa(kind)) return EVP_RSA_gen(static_cast<unsigned>(modulus_size(kind)) * 8);
  if (is_weierstrass(kind)) return EVP_EC_gen(curve_name(kind));
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
}

}  // namespace

bool is_rsa(KeyPairKind kind) {
  return modulus_size(kind) != 0;
}

bool is_weierstrass(KeyPairKind kind) {
  return curve_name(kind) != nullptr;
}

size_t modulus_size(KeyPairKind kind) {
  switch (kind) {
    case KeyPairKind::kRsa2048:
      return 256;
    case KeyPairKind::kRsa3072:
      return 384;
    case KeyPairKind::kRsa4096:
      return 512;
    default:
      return 0;
  }
}

Result<PublicKey> PublicKey::parse(KeyPairKind kind, ByteView subject_public_key_info) {
  if (subject_public_key_info.size() > LONG_MAX) return refused();
  const uint8_t* cursor = subject_public_key_info.data();
  auto key = shared(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(subject_public_key_info.size())));
  if (key == nullptr || cursor != subject_public_key_info.data() + subject_public_key_info.size() ||
      !has_kind(key.get(), kind) || !is_valid_public(key.get()))
    return refused();
  return PublicKey(kind, std::move(key));
}

Bytes PublicKey::der() const {
  const int size = i2d_PUBKEY(handle(), nullptr);
  require(size > 0);
  Bytes der(static_cast<size_t>(size));
  uint8_t* cursor = der.data();
  i2d_PUBKEY(handle(), &cursor);
  return der;
}

PrivateKey PrivateKey::generate(KeyPairKind kind) {
  auto key = shared(generate_key(kind));
  require(key != nullptr && has_kind(key.get(), kind));
  return PrivateKey(kind, std::move(key));
}

Result<PrivateKey> PrivateKey::parse(KeyPairKind kind, const SecretBytes& pkcs8, Trust trust) {
  const ByteView raw = pkcs8.read(RawAccess::because("a private key is parsed into the arena"));
  const uint8_t* cursor = raw.data();
  const Pkcs8 info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &cursor, static_cast<long>(raw.size())));
  if (info == nullptr || cursor != raw.data() + raw.size()) return refused();
  auto key = shared(EVP_PKCS82PKEY(info.get()));
  if (key == nullptr || !has_kind(key.get(), kind)) return refused();
  if (trust == Trust::kForeign && !is_consistent(key.get())) return refused();
  return PrivateKey(kind, std::move(key));
}

SecretBytes PrivateKey::pkcs8() const {
  const Pkcs8 info(EVP_PKEY2PKCS8(handle()));
  const int size = info != nullptr ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr) : 0;
  require(size > 0);
  SecretBytes der(static_cast<size_t>(size));
  uint8_t* cursor = der.write(RawAccess::because("a private key is encoded into the arena")).data();
  i2d_PKCS8_PRIV_KEY_INFO(info.get(), &cursor);
  return der;
}

}  // namespace coffer::crypto
