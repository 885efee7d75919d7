// SPDX-License-Identifier: Apache-2.0
#include "crypto/ecdh.h"

#include <openssl/err.h>

#include "crypto/openssl_handle.h"

namespace coffer::crypto {

Result<secret::SecretBytes> ecdh(const PrivateKey& key, const PublicKey& peer) {
  const auto refused = [] {
    ERR_clear_error();
    return fail(ErrorKind::kInvalidArgument, "the two keys are not on the same curve");
  };
  if (!is_weierstrass(key.kind()) || key.kind() == KeyPairKind::kSecp256k1 || key.kind() != peer.kind())
    return refused();
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.handle(), nullptr));
  size_t size = 0;
  require(context != nullptr && EVP_PKEY_derive_init(context.get()) == 1);
  if (EVP_PKEY_derive_set_peer(context.get(), peer.handle()) != 1 ||
      EVP_PKEY_derive(context.get(), nullptr, &size) != 1)
    return refused();
  secret::SecretBytes shared(size);
  uint8_t* out = shared.write(secret::RawAccess::because("a shared secret is derived")).data();
  if (EVP_PKEY_derive(context.get(), out, &size) != 1 || size != shared.size()) return refused();
  return shared;
}

}  // namespace coffer::crypto
