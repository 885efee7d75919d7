// SPDX-License-Identifier: Apache-2.0
#include "services/kms/external_keys.h"

#include <fmt/format.h>

#include "crypto/mac.h"
#include "format/ciphertext_blob.h"
#include "services/kms/external_key_refusals.h"

namespace coffer::services::kms {
namespace {

using xks::Failure;

xks::RequestMetadata metadata_of(const KeyUser& user, const FoundKey& found) {
  const std::string via =
      user.via_service.empty() ? "" : fmt::format("{}.{}.amazonaws.com", user.via_service, found.key.region);
  return {user.principal_arn, found.arn, user.operation, user.request_id, via};
}

Result<catalog::CustomKeyStore> connected_store(Installation& installation, const catalog::Key& key) {
  std::optional<catalog::CustomKeyStore> store;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.custom_key_store(key.custom_key_store_id));
    store = std::move(row);
    return {};
  }));
  if (!store || store->connection_state != "CONNECTED")
    return tl::unexpected(not_connected(ExternalWork::kCryptography));
  return std::move(*store);
}

Bytes associated_data(const format::ExternalBlobHeader& header,
                      const std::map<std::string, std::string>& context) {
  return format::external_associated_data(header, crypto::sha256(format::frame(context)));
}

tl::unexpected<Error> unusable(Failure failure) {
  return tl::unexpected(external_refusal(failure, ExternalWork::kCryptography));
}

}  // namespace

KeyUser user_of(const Call& call) {
  return user_of(call, call.operation, "");
}

KeyUser user_of(const Call& call, const std::string& operation, const std::string& via_service) {
  return {call.principal.arn, operation, call.request_id, via_service};
}

xks::Proxy proxy_of(const catalog::CustomKeyStore& store) {
  constexpr std::string_view kScheme = "https://";
  return {store.id,
          store.uri_endpoint.substr(kScheme.size()),
          store.uri_path,
          store.region,
          store.access_key_id,
          store.wrapped_secret};
}

Result<Bytes> seal_externally(Installation& installation, const FoundKey& found, const KeyUser& user,
                              const std::map<std::string, std::string>& context, Bytes blob) {
  if (!is_external(found.key)) return blob;
  COFFER_TRY(store, connected_store(installation, found.key));
  if (installation.proxies == nullptr) return unusable(Failure::kUnreachable);
  COFFER_TRY(inner, format::parse_ciphertext_blob(blob));
  format::ExternalBlob outer;
  outer.header = {inner.header.blob_class, inner.header.key_id, inner.header.backing_key_version};
  auto sealed =
      installation.proxies->encrypt(proxy_of(store), found.key.store_key_id, metadata_of(user, found),
                                    associated_data(outer.header, context), blob);
  if (!sealed) return unusable(sealed.error());
  outer.sealed = std::move(*sealed);
  return format::encode(outer);
}

Result<Bytes> open_externally(Installation& installation, const FoundKey& found, const KeyUser& user,
                              const std::map<std::string, std::string>& context, ByteView blob) {
  COFFER_TRY(outer, format::parse_external_blob(blob));
  COFFER_TRY(store, connected_store(installation, found.key));
  if (installation.proxies == nullptr) return unusable(Failure::kUnreachable);
  auto opened =
      installation.proxies->decrypt(proxy_of(store), found.key.store_key_id, metadata_of(user, found),
                                    associated_data(outer.header, context), outer.sealed);
  if (!opened) return unusable(opened.error());
  return std::move(*opened);
}

Status check_external_key(Call& call, const catalog::CustomKeyStore& store, const std::string& xks_key_id) {
  const auto refuse = [](Failure failure) {
    return tl::unexpected(external_refusal(failure, ExternalWork::kCreatingKey));
  };
  if (call.installation.proxies == nullptr) return refuse(Failure::kUnreachable);
  const auto metadata = call.installation.proxies->key_metadata(
      proxy_of(store), xks_key_id, {call.principal.arn, "", call.operation, call.request_id, ""});
  if (!metadata) return refuse(metadata.error());
  if (!metadata->enabled) return refuse(Failure::kInvalidState);
  if (!metadata->encrypts || !metadata->decrypts) return refuse(Failure::kInvalidKeyUsage);
  if (metadata->is_aes_256) return {};
  return fail(ErrorKind::kConflict,
              "The external key must be an AES-256 symmetric key that is enabled and performs encryption and "
              "decryption.",
              "XksKeyInvalidConfigurationException");
}

xks::Outcome<void> check_proxy(Installation& installation, const catalog::CustomKeyStore& store,
                               const std::string& operation, const std::string& request_id) {
  if (installation.proxies == nullptr) return tl::unexpected(Failure::kUnreachable);
  const auto health = installation.proxies->health(proxy_of(store), {"", "", operation, request_id, ""});
  if (!health) return tl::unexpected(health.error());
  if (!health->available) return tl::unexpected(Failure::kUnreachable);  // CustomKeyStoresListEntry
  return {};
}

}  // namespace coffer::services::kms
