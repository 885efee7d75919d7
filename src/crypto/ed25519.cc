// SPDX-License-Identifier: Apache-2.0
#include "crypto/ed25519.h"

#include <openssl/err.h>

#include "crypto/openssl_handle.h"

namespace coffer::crypto {

Result<Bytes> ed25519_sign(const PrivateKey& key, ByteView message) {
  if (key.kind() != KeyPairKind::kEd25519)
    return fail(ErrorKind::kInvalidArgument, "Ed25519 needs a key of its own kind");
  const DigestContext context(EVP_MD_CTX_new());
  Bytes signature(kEd25519SignatureSize);
  size_t size = signature.size();
  require(context != nullptr &&
          EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key.handle(), nullptr) ==
              1 &&
          EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1 &&
          size == signature.size());
  return signature;
}

bool ed25519_verify(const PublicKey& key, ByteView message, ByteView signature) {
  if (key.kind() != KeyPairKind::kEd25519 || signature.size() != kEd25519SignatureSize) return false;
  const DigestContext context(EVP_MD_CTX_new());
  require(context != nullptr && EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr,
                                                        key.handle(), nullptr) == 1);
  const bool valid = EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                                      message.size()) == 1;
  if (!valid) ERR_clear_error();
  return valid;
}

}  // namespace coffer::crypto
