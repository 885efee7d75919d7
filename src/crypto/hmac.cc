// SPDX-License-Identifier: Apache-2.0
#include "crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto/openssl_handle.h"

namespace coffer::crypto {
namespace {

EVP_MAC* algorithm() {
  static EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  require(mac != nullptr);
  return mac;
}

}  // namespace

Bytes hmac(Hash hash, const secret::SecretBytes& key, ByteView data) {
  const ByteView raw = key.read(secret::RawAccess::because("HMAC takes the key"));
  require(!raw.empty());
  const MacContext context(EVP_MAC_CTX_new(algorithm()));
  const char* name = EVP_MD_get0_name(message_digest(hash));
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(name), 0),
      OSSL_PARAM_construct_end()};
  Bytes out(digest_size(hash));
  size_t written = 0;
  require(context != nullptr && EVP_MAC_init(context.get(), raw.data(), raw.size(), parameters) == 1 &&
          EVP_MAC_update(context.get(), data.data(), data.size()) == 1 &&
          EVP_MAC_final(context.get(), out.data(), &written, out.size()) == 1 && written == out.size());
  return out;
}

}  // namespace coffer::crypto
