// SPDX-License-Identifier: Apache-2.0
#include "crypto/mac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "crypto/openssl_handle.h"

namespace coffer::crypto {
namespace {

EVP_MAC* hmac_algorithm() {
  static EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  require(mac != nullptr);
  return mac;
}

MacContext make_hmac_sha256() {
  MacContext context(EVP_MAC_CTX_new(hmac_algorithm()));
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                   OSSL_PARAM_construct_end()};
  require(context != nullptr && EVP_MAC_CTX_set_params(context.get(), parameters) == 1);
  return context;
}

// Kept for each thread, because OpenSSL takes longer to find a digest by its name than for a short MAC.
// Between two MACs it holds a key of no worth.
void hmac_sha256_into(const secret::SecretBytes& key, ByteView data, MutableByteView out) {
  thread_local const MacContext context = make_hmac_sha256();
  static constexpr std::array<uint8_t, 32> kNoKey{};
  const ByteView raw = key.read(secret::RawAccess::because("HMAC takes the key"));
  // A null key would mean "keep the last one".
  const uint8_t* start = raw.empty() ? kNoKey.data() : raw.data();
  size_t written = 0;
  require(EVP_MAC_init(context.get(), start, raw.size(), nullptr) == 1 &&
          EVP_MAC_update(context.get(), data.data(), data.size()) == 1 &&
          EVP_MAC_final(context.get(), out.data(), &written, out.size()) == 1 && written == out.size() &&
          EVP_MAC_init(context.get(), kNoKey.data(), kNoKey.size(), nullptr) == 1);
}

}  // namespace

Sha256 sha256(ByteView data) {
  Sha256 digest{};
  require(EVP_Digest(data.data(), data.size(), digest.data(), nullptr, sha256_digest(), nullptr) == 1);
  return digest;
}

struct Sha256Stream::Context {
  DigestContext digest;
};

Sha256Stream::Sha256Stream() : context_(std::make_unique<Context>(Context{DigestContext(EVP_MD_CTX_new())})) {
  require(context_->digest != nullptr &&
          EVP_DigestInit_ex(context_->digest.get(), sha256_digest(), nullptr) == 1);
}

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::update(ByteView data) {
  require(EVP_DigestUpdate(context_->digest.get(), data.data(), data.size()) == 1);
}

Sha256 Sha256Stream::finish() && {
  Sha256 digest{};
  require(EVP_DigestFinal_ex(context_->digest.get(), digest.data(), nullptr) == 1);
  return digest;
}

Sha256 hmac_sha256(const secret::SecretBytes& key, ByteView data) {
  Sha256 mac{};
  hmac_sha256_into(key, data, mac);
  return mac;
}

secret::SecretBytes hmac_sha256_secret(const secret::SecretBytes& key, ByteView data) {
  secret::SecretBytes mac(sizeof(Sha256));
  hmac_sha256_into(key, data, mac.write(secret::RawAccess::because("HMAC writes a derived key")));
  return mac;
}

bool equal_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace coffer::crypto
