// SPDX-License-Identifier: Apache-2.0
#include "crypto/openssl_handle.h"

namespace coffer::crypto {
namespace {

const EVP_CIPHER* fetch_cipher(const char* name) {
  const EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, name, nullptr);
  require(cipher != nullptr);
  return cipher;
}

const EVP_MD* fetch_digest(const char* name) {
  const EVP_MD* digest = EVP_MD_fetch(nullptr, name, nullptr);
  require(digest != nullptr);
  return digest;
}

}  // namespace

const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* const cipher = fetch_cipher("AES-256-GCM");
  return cipher;
}

const EVP_CIPHER* aes_256_xts() {
  static const EVP_CIPHER* const cipher = fetch_cipher("AES-256-XTS");
  return cipher;
}

const EVP_MD* sha256_digest() {
  static const EVP_MD* const digest = fetch_digest("SHA256");
  return digest;
}

}  // namespace coffer::crypto
