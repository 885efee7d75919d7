// SPDX-License-Identifier: Apache-2.0
// Owning pointers to OpenSSL's objects, for the inside of this room only.
#pragma once
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <memory>

#include "crypto/hash.h"

namespace coffer::crypto {

template <auto Free>
struct OpenSslFree {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, OpenSslFree<EVP_CIPHER_CTX_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, OpenSslFree<EVP_PKEY_CTX_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY_free>>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, OpenSslFree<EVP_KDF_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, OpenSslFree<EVP_MD_CTX_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, OpenSslFree<EVP_MAC_CTX_free>>;
using Certificate = std::unique_ptr<X509, OpenSslFree<X509_free>>;

// Algorithms are fetched once a process and never freed: a fetch costs more than the operation, and
// OpenSSL may still be in use while statics are destroyed.
const EVP_CIPHER* aes_256_gcm();
const EVP_CIPHER* aes_256_xts();
const EVP_MD* sha256_digest();
const EVP_MD* message_digest(Hash hash);  // hash.cc

// For calls that fail only when memory is exhausted or OpenSSL is broken: no key may come from either.
inline void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace coffer::crypto
