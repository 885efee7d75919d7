// SPDX-License-Identifier: Apache-2.0
// The secrets of custom key stores. What their owners brought is wrapped and never given back: of a proxy's
// secret access key only signing keys for that service leave.
#include "keys/installation_secrets.h"
#include "keys/operations.h"
#include "keys/signing_date.h"

namespace coffer::keys {
namespace {

constexpr size_t kLongestSecret = 64;  // XksProxyAuthenticationRawSecretAccessKeyType
constexpr const char* kProxyService = "kms-xks-proxy";

}  // namespace

Result<ReplyBody> Operations::wrap_key_store_secret(const format::keyd::WrapKeyStoreSecret& request) const {
  if (request.secret.empty() || request.secret.size() > kLongestSecret || request.key_store_id.empty())
    return fail(ErrorKind::kInvalidArgument, "a secret of 1 to 64 bytes and the id of its store are needed");
  const auto secret = secret::SecretBytes::copy_of(request.secret);
  COFFER_TRY(wrapped, wrap_secret(*vault_.keys().get(), request.kind, request.key_store_id, secret));
  return ReplyBody{std::move(wrapped), {}};
}

Result<ReplyBody> Operations::derive_proxy_signing_key(
    const format::keyd::DeriveProxySigningKey& request) const {
  COFFER_CHECK(check_signing_date(request.date, clock_.now()));
  COFFER_TRY(secret, open_secret(*vault_.keys().get(), format::SecretKind::kProxySecret, request.key_store_id,
                                 request.wrapped_secret));
  return ReplyBody{{}, keys::derive_signing_key(secret, request.date, request.region, kProxyService)};
}

}  // namespace coffer::keys
