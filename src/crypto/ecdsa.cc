// SPDX-License-Identifier: Apache-2.0
#include "crypto/ecdsa.h"

#include <openssl/err.h>

#include "crypto/openssl_handle.h"

namespace coffer::crypto {

Result<Bytes> ecdsa_sign(const PrivateKey& key, ByteView message_digest) {
  if (!is_weierstrass(key.kind()) || message_digest.empty())
    return fail(ErrorKind::kInvalidArgument, "ECDSA needs a key on one of its curves, and a digest");
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.handle(), nullptr));
  Bytes signature(static_cast<size_t>(EVP_PKEY_get_size(key.handle())));
  size_t size = signature.size();
  require(context != nullptr && EVP_PKEY_sign_init(context.get()) == 1 &&
          EVP_PKEY_sign(context.get(), signature.data(), &size, message_digest.data(),
                        message_digest.size()) == 1);
  signature.resize(size);
  return signature;
}

bool ecdsa_verify(const PublicKey& key, ByteView message_digest, ByteView signature) {
  if (!is_weierstrass(key.kind()) || message_digest.empty()) return false;
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.handle(), nullptr));
  require(context != nullptr && EVP_PKEY_verify_init(context.get()) == 1);
  // OpenSSL encodes what it has parsed once more, and refuses a signature that differs from that.
  const bool valid = EVP_PKEY_verify(context.get(), signature.data(), signature.size(), message_digest.data(),
                                     message_digest.size()) == 1;
  if (!valid) ERR_clear_error();
  return valid;
}

}  // namespace coffer::crypto
