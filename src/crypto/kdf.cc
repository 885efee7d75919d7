// SPDX-License-Identifier: Apache-2.0
#include "crypto/kdf.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto/mac.h"
#include "crypto/openssl_handle.h"

namespace coffer::crypto {
namespace {

constexpr size_t kLargestOutput = 255 * sizeof(Sha256);

void append_big_endian(Bytes& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(value >> shift));
}

OSSL_PARAM octets(const char* name, ByteView bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<uint8_t*>(bytes.data()), bytes.size());
}

EVP_KDF* hkdf_algorithm() {
  static EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  require(kdf != nullptr);
  return kdf;
}

}  // namespace

// SP 800-108 section 4.1: K(i) = HMAC(key, [i] || label || 00 || context || [L]), result = K(1) || K(2) ...
secret::SecretBytes derive_key(const secret::SecretBytes& key, std::string_view label, ByteView context,
                               size_t size) {
  require(size > 0 && size <= kLargestOutput);
  secret::SecretBytes derived(size);
  const MutableByteView out = derived.write(secret::RawAccess::because("a derived key is assembled"));
  for (uint32_t counter = 1; size_t{counter - 1} * sizeof(Sha256) < size; ++counter) {
    Bytes input;
    append_big_endian(input, counter);
    input.insert(input.end(), label.begin(), label.end());
    input.push_back(0);
    input.insert(input.end(), context.begin(), context.end());
    append_big_endian(input, static_cast<uint32_t>(size * 8));
    const secret::SecretBytes block = hmac_sha256_secret(key, input);
    const ByteView raw = block.read(secret::RawAccess::because("a derived key is assembled"));
    const size_t offset = size_t{counter - 1} * sizeof(Sha256);
    memcpy(out.data() + offset, raw.data(), std::min(raw.size(), size - offset));
  }
  return derived;
}

secret::SecretBytes hkdf_sha256(const secret::SecretBytes& input, ByteView salt, ByteView info, size_t size) {
  require(size > 0 && size <= kLargestOutput);
  const KdfContext context(EVP_KDF_CTX_new(hkdf_algorithm()));
  char digest[] = "SHA256";
  // An empty salt or info is left out, which means the same (RFC 5869 section 2.2).
  std::vector<OSSL_PARAM> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      octets(OSSL_KDF_PARAM_KEY, input.read(secret::RawAccess::because("HKDF takes the key material")))};
  if (!salt.empty()) parameters.push_back(octets(OSSL_KDF_PARAM_SALT, salt));
  if (!info.empty()) parameters.push_back(octets(OSSL_KDF_PARAM_INFO, info));
  parameters.push_back(OSSL_PARAM_construct_end());
  secret::SecretBytes derived(size);
  const MutableByteView out = derived.write(secret::RawAccess::because("HKDF writes the derived key"));
  require(context != nullptr &&
          EVP_KDF_derive(context.get(), out.data(), out.size(), parameters.data()) == 1);
  return derived;
}

}  // namespace coffer::crypto
