// SPDX-License-Identifier: Apache-2.0
#include "wire/sigv4_sign.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "crypto/mac.h"

namespace coffer::wire {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

// Headers that proxies and transports may change, which SDKs leave unsigned too.
constexpr std::array<std::string_view, 7> kNeverSigned = {
    "authorization", "connection",      "expect",    "transfer-encoding",
    "user-agent",    "x-amzn-trace-id", "keep-alive"};

std::vector<std::string> headers_to_sign(const HttpHeaders& headers) {
  std::vector<std::string> names;
  for (const auto& [name, value] : headers) {
    std::string lower = lower_case(name);
    if (std::find(kNeverSigned.begin(), kNeverSigned.end(), lower) == kNeverSigned.end())
      names.push_back(std::move(lower));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string payload_hash(const HttpRequest& request) {
  const std::string_view declared = request.headers.value_or("X-Amz-Content-Sha256", "");
  return declared == kUnsignedPayload ? std::string(declared) : hex(crypto::sha256(request.body));
}

Result<std::string> signature_of(const HttpRequest& request, const SigningIdentity& identity, Timestamp now,
                                 const std::vector<std::string>& names) {
  const auto canonical = canonical_request(request, names, payload_hash(request), false);
  if (!canonical) return fail(ErrorKind::kInvalidArgument, "the query string cannot be decoded");
  const std::string date = basic_iso8601(now).substr(0, 8);
  const CredentialScope scope{date, identity.region, identity.service};
  const SecretBytes key = derive_signing_key(identity.secret_access_key, scope);
  return hex(crypto::hmac_sha256(key, as_bytes(string_to_sign(now, scope, *canonical))));
}

std::string credential_of(const SigningIdentity& identity, Timestamp now) {
  const std::string date = basic_iso8601(now).substr(0, 8);
  return identity.access_key_id + "/" + to_string(CredentialScope{date, identity.region, identity.service});
}

}  // namespace

SecretBytes derive_signing_key(const SecretBytes& secret_access_key, const CredentialScope& scope) {
  constexpr std::string_view prefix = "AWS4";
  SecretBytes first(prefix.size() + secret_access_key.size());
  const auto from =
      secret_access_key.read(RawAccess::because("SigV4's first key is the secret behind a prefix"));
  const auto to = first.write(RawAccess::because("SigV4's first key is the secret behind a prefix"));
  std::copy(prefix.begin(), prefix.end(), to.begin());
  std::copy(from.begin(), from.end(), to.begin() + prefix.size());
  SecretBytes key = crypto::hmac_sha256_secret(first, as_bytes(scope.date));
  key = crypto::hmac_sha256_secret(key, as_bytes(scope.region));
  key = crypto::hmac_sha256_secret(key, as_bytes(scope.service));
  return crypto::hmac_sha256_secret(key, as_bytes(kSigV4Terminator));
}

Status sign_request(HttpRequest& request, const SigningIdentity& identity, Timestamp now) {
  if (!request.headers.contains("Host"))
    return fail(ErrorKind::kInvalidArgument, "a request without Host cannot be signed");
  request.headers.remove("Authorization");
  request.headers.set("X-Amz-Date", basic_iso8601(now));
  if (!identity.session_token.empty()) request.headers.set("X-Amz-Security-Token", identity.session_token);
  const auto names = headers_to_sign(request.headers);
  COFFER_TRY(signature, signature_of(request, identity, now, names));
  request.headers.add("Authorization",
                      fmt::format("{} Credential={}, SignedHeaders={}, Signature={}", kSigV4Algorithm,
                                  credential_of(identity, now), fmt::join(names, ";"), signature));
  return {};
}

Status sign_request(HttpRequest& request, const DerivedIdentity& identity, Timestamp now) {
  if (!request.headers.contains("Host"))
    return fail(ErrorKind::kInvalidArgument, "a request without Host cannot be signed");
  request.headers.set("X-Amz-Date", basic_iso8601(now));
  const auto canonical = canonical_request(request, {"host", "x-amz-date"}, payload_hash(request), false);
  if (!canonical) return fail(ErrorKind::kInvalidArgument, "the query string cannot be decoded");
  const std::string date = basic_iso8601(now).substr(0, 8);
  const CredentialScope scope{date, identity.region, identity.service};
  const auto signature =
      crypto::hmac_sha256(identity.signing_key, as_bytes(string_to_sign(now, scope, *canonical)));
  request.headers.set("Authorization",
                      fmt::format("{} Credential={}/{}, SignedHeaders=host;x-amz-date, Signature={}",
                                  kSigV4Algorithm, identity.access_key_id, to_string(scope), hex(signature)));
  return {};
}

Status presign_request(HttpRequest& request, const SigningIdentity& identity, Timestamp now,
                       int64_t expires_seconds) {
  if (!request.headers.contains("Host"))
    return fail(ErrorKind::kInvalidArgument, "a request without Host cannot be signed");
  std::string query = request.query;
  const auto append = [&query](std::string_view name, std::string_view value) {
    if (!query.empty()) query += '&';
    query += fmt::format("{}={}", name, percent_encode(value));
  };
  append("X-Amz-Algorithm", kSigV4Algorithm);
  append("X-Amz-Credential", credential_of(identity, now));
  append("X-Amz-Date", basic_iso8601(now));
  append("X-Amz-Expires", std::to_string(expires_seconds));
  if (!identity.session_token.empty()) append("X-Amz-Security-Token", identity.session_token);
  append("X-Amz-SignedHeaders", "host");
  request.set_target(request.path + "?" + query);
  COFFER_TRY(signature, signature_of(request, identity, now, {"host"}));
  request.set_target(request.path + "?" + query + "&X-Amz-Signature=" + signature);
  return {};
}

}  // namespace coffer::wire
