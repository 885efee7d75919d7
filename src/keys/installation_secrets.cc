// SPDX-License-Identifier: Apache-2.0
#include "keys/installation_secrets.h"

#include <algorithm>

#include "crypto/mac.h"
#include "crypto/random.h"
#include "format/ciphertext_blob.h"
#include "format/codec.h"
#include "keys/message_sealing.h"

namespace coffer::keys {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

constexpr std::string_view kLabel = "coffer wrapped secret v1";
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr size_t kAccessKeySecretSize = 40;

}  // namespace

Result<Bytes> wrap_secret(const DomainKeys& domain_keys, format::SecretKind kind, std::string_view name,
                          const SecretBytes& secret) {
  const format::WrappedSecretHeader header{kind, domain_keys.newest_version(), random_message_key_inputs()};
  const Bytes header_bytes = format::encode(header);
  COFFER_TRY(sealed, seal_message(domain_keys.newest(), kLabel, header.inputs,
                                  format::associated_data(header_bytes, name), secret));
  return format::Writer().raw(header_bytes).raw(sealed).take();
}

Result<SecretBytes> open_secret(const DomainKeys& domain_keys, format::SecretKind kind, std::string_view name,
                                ByteView wrapped) {
  COFFER_TRY(parsed, format::parse_wrapped_secret(wrapped));
  const SecretBytes* domain_key = domain_keys.find(parsed.header.domain_key_version);
  if (domain_key == nullptr || parsed.header.kind != kind)
    return tl::unexpected(format::refused_ciphertext());
  return open_message(*domain_key, kLabel, parsed.header.inputs,
                      format::associated_data(parsed.header_bytes, name), parsed.sealed);
}

SecretBytes make_access_key_secret() {
  static_assert(kAlphabet.size() == 64);  // a power of two, so that no character is likelier than another
  SecretBytes secret = crypto::random_secret(kAccessKeySecretSize);
  for (uint8_t& byte : secret.write(RawAccess::because("random bytes become characters")))
    byte = static_cast<uint8_t>(kAlphabet[byte & 63]);
  return secret;
}

SecretBytes derive_signing_key(const SecretBytes& secret_access_key, std::string_view date,
                               std::string_view region, std::string_view service) {
  constexpr std::string_view kPrefix = "AWS4";
  SecretBytes key(kPrefix.size() + secret_access_key.size());
  const MutableByteView raw = key.write(RawAccess::because("the secret follows AWS4 in the first HMAC key"));
  std::ranges::copy(as_bytes(kPrefix), raw.begin());
  std::ranges::copy(
      secret_access_key.read(RawAccess::because("the secret follows AWS4 in the first HMAC key")),
      raw.begin() + kPrefix.size());
  for (const std::string_view step : {date, region, service, std::string_view("aws4_request")})
    key = crypto::hmac_sha256_secret(key, as_bytes(step));
  return key;
}

}  // namespace coffer::keys
