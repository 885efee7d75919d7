// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.h"

#include "crypto/openssl_handle.h"

namespace coffer::crypto {
namespace {

const EVP_MD* fetch(const char* name) {
  const EVP_MD* found = EVP_MD_fetch(nullptr, name, nullptr);
  require(found != nullptr);
  return found;
}

}  // namespace

const EVP_MD* message_digest(Hash hash) {
  static const EVP_MD* const sha1 = fetch("SHA1");
  static const EVP_MD* const sha224 = fetch("SHA224");
  static const EVP_MD* const sha384 = fetch("SHA384");
  static const EVP_MD* const sha512 = fetch("SHA512");
  switch (hash) {
    case Hash::kSha1:
      return sha1;
    case Hash::kSha224:
      return sha224;
    case Hash::kSha256:
      return sha256_digest();
    case Hash::kSha384:
      return sha384;
    case Hash::kSha512:
      return sha512;
  }
  std::abort();
}

size_t digest_size(Hash hash) {
  return static_cast<size_t>(EVP_MD_get_size(message_digest(hash)));
}

Bytes digest(Hash hash, ByteView data) {
  Bytes out(digest_size(hash));
  require(EVP_Digest(data.data(), data.size(), out.data(), nullptr, message_digest(hash), nullptr) == 1);
  return out;
}

}  // namespace coffer::crypto
