// SPDX-License-Identifier: Apache-2.0
// Key pairs of the kinds that KMS offers, parsed and ready for use. What is done with them is in rsa.h,
// ecdsa.h, ecdh.h and ed25519.h. At rest a private key is PKCS#8 (RFC 5208), DER; a public key is a
// SubjectPublicKeyInfo (RFC 5280), DER. OpenSSL holds the numbers in the secret arena (openssl_memory.h) in
// keyd and volumed. Immutable: a key may be used by several threads at once.
#pragma once
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "secret/secret_bytes.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace coffer::crypto {

enum class KeyPairKind {
  kRsa2048,  // public exponent 65537
  kRsa3072,
  kRsa4096,
  kP256,  // FIPS 186-5, SEC 2
  kP384,
  kP521,
  kSecp256k1,
  kEd25519,  // RFC 8032
};
bool is_rsa(KeyPairKind kind);
bool is_weierstrass(KeyPairKind kind);  // ECDSA and ECDH

// The bytes of an RSA modulus: of a signature and of a ciphertext. Zero for other kinds.
size_t modulus_size(KeyPairKind kind);

class PublicKey {
 public:
  // kInvalidArgument unless it is just one valid public key of that kind, on a named curve, with nothing
  // after it.
  static Result<PublicKey> parse(KeyPairKind kind, ByteView subject_public_key_info);
  Bytes der() const;
  KeyPairKind kind() const { return kind_; }
  evp_pkey_st* handle() const { return key_.get(); }  // for the inside of this room

 private:
  friend class PrivateKey;
  PublicKey(KeyPairKind kind, std::shared_ptr<evp_pkey_st> key) : kind_(kind), key_(std::move(key)) {}
  KeyPairKind kind_;
  std::shared_ptr<evp_pkey_st> key_;
};

class PrivateKey {
 public:
  // An RSA key takes from a tenth of a second to some seconds.
  static PrivateKey generate(KeyPairKind kind);
  // kInvalidArgument unless it is just one consistent private key of that kind; says no more about it.
  // `trust` is for keys that this process has made or checked before: consistency costs an RSA key 100 ms.
  enum class Trust { kForeign, kOwn };
  static Result<PrivateKey> parse(KeyPairKind kind, const secret::SecretBytes& pkcs8,
                                  Trust trust = Trust::kForeign);
  secret::SecretBytes pkcs8() const;
  PublicKey public_key() const { return PublicKey(kind_, key_); }
  KeyPairKind kind() const { return kind_; }
  evp_pkey_st* handle() const { return key_.get(); }  // for the inside of this room

 private:
  PrivateKey(KeyPairKind kind, std::shared_ptr<evp_pkey_st> key) : kind_(kind), key_(std::move(key)) {}
  KeyPairKind kind_;
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace coffer::crypto
