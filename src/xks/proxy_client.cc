// SPDX-License-Identifier: Apache-2.0
#include "xks/proxy_client.h"

#include "base/encoding.h"
#include "base/fiber.h"
#include "base/log.h"
#include "crypto/mac.h"
#include "wire/sigv4_sign.h"

namespace coffer::xks {
namespace {

constexpr const char* kService = "kms-xks-proxy";

Failure failure_of(wire::HttpsFailure failure) {
  switch (failure) {
    case wire::HttpsFailure::kUnreachable:
      return Failure::kUnreachable;
    case wire::HttpsFailure::kTls:
      return Failure::kTls;
    case wire::HttpsFailure::kTimeout:
      return Failure::kTimeout;
    case wire::HttpsFailure::kMalformed:
      return Failure::kMalformed;
    case wire::HttpsFailure::kBusy:
      return Failure::kBusy;
  }
  return Failure::kUnreachable;
}

std::string of_key(const std::string& key_id, const char* operation) {
  return "/keys/" + key_id + "/" + operation;
}

}  // namespace

Outcome<wire::HttpsAnswer> ProxyClient::post(const Proxy& proxy, const std::string& path,
                                             const std::string& body) {
  const Timestamp now = clock_.now();
  const std::string date = basic_iso8601(now).substr(0, 8);
  // Named by the wrapped secret, so that a new credential counts at once.
  const auto key =
      signing_keys_.get({hex(crypto::sha256(proxy.wrapped_secret)), date, proxy.region, kService},
                        [&] { return derive_(proxy, date); });
  if (!key) return tl::unexpected(Failure::kNotSigned);
  wire::HttpRequest request;
  request.method = "POST";
  request.set_target(proxy.path + path);
  request.headers.set("Host", proxy.host);
  request.body = to_bytes(as_bytes(body));
  const Status is_signed = wire::sign_request(
      request, wire::DerivedIdentity{proxy.access_key_id, **key, proxy.region, kService}, now);
  if (!is_signed) return tl::unexpected(Failure::kNotSigned);
  request.headers.set("Content-Type", "application/json");  // as AWS KMS does, not signed
  tl::expected<wire::HttpsAnswer, wire::HttpsFailure> answer;
  if (const Status asked = run_blocking([&] { answer = https_.post(request); }); !asked) {
    log_error("external key store {}: {}", proxy.host, asked.error().message);
    return tl::unexpected(Failure::kUnreachable);
  }
  if (!answer) return tl::unexpected(failure_of(answer.error()));
  return std::move(*answer);
}

Outcome<Health> ProxyClient::health(const Proxy& proxy, const RequestMetadata& metadata) {
  return post(proxy, "/health", health_request(metadata)).and_then([](const wire::HttpsAnswer& answer) {
    return parse_health(answer.status, answer.body);
  });
}

Outcome<KeyMetadata> ProxyClient::key_metadata(const Proxy& proxy, const std::string& key_id,
                                               const RequestMetadata& metadata) {
  return post(proxy, of_key(key_id, "metadata"), key_metadata_request(metadata))
      .and_then(
          [](const wire::HttpsAnswer& answer) { return parse_key_metadata(answer.status, answer.body); });
}

Outcome<format::ExternallySealed> ProxyClient::encrypt(const Proxy& proxy, const std::string& key_id,
                                                       const RequestMetadata& metadata,
                                                       ByteView associated_data, ByteView plaintext) {
  return post(proxy, of_key(key_id, "encrypt"), encrypt_request(metadata, associated_data, plaintext))
      .and_then([&](const wire::HttpsAnswer& answer) {
        return parse_encrypted(answer.status, answer.body, associated_data, plaintext.size());
      });
}

Outcome<Bytes> ProxyClient::decrypt(const Proxy& proxy, const std::string& key_id,
                                    const RequestMetadata& metadata, ByteView associated_data,
                                    const format::ExternallySealed& sealed) {
  return post(proxy, of_key(key_id, "decrypt"), decrypt_request(metadata, associated_data, sealed))
      .and_then([&](const wire::HttpsAnswer& answer) {
        return parse_decrypted(answer.status, answer.body, sealed.ciphertext.size());
      });
}

}  // namespace coffer::xks
