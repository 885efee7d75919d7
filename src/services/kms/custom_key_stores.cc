// SPDX-License-Identifier: Apache-2.0
// CreateCustomKeyStore, UpdateCustomKeyStore, DeleteCustomKeyStore, DescribeCustomKeyStores.
#include "base/ids.h"
#include "base/log.h"
#include "services/kms/external_key_refusals.h"
#include "services/kms/external_keys.h"
#include "services/kms/key_store_rules.h"
#include "services/kms/kms_service.h"
#include "services/page_token.h"

namespace coffer::services::kms {
namespace {

using catalog::CustomKeyStore;

// What the proxy, or the token, is to know us by; stored wrapped by keyd and never shown again.
template <class Request>
Result<Bytes> wrapped_secret(Call& call, const std::string& store_id, const Request& request) {
  auto& keyd = call.installation.keyd;
  if (request.xks_proxy_authentication_credential)
    return keyd.wrap_key_store_secret(
        format::SecretKind::kProxySecret, store_id,
        as_bytes(request.xks_proxy_authentication_credential->raw_secret_access_key));
  return keyd.wrap_key_store_secret(format::SecretKind::kKeyStorePassword, store_id,
                                    as_bytes(*request.key_store_password));
}

Status ask_proxy(Call& call, const CustomKeyStore& store) {
  const auto answers = check_proxy(call.installation, store, call.operation, call.request_id);
  if (answers) return {};
  return tl::unexpected(external_refusal(answers.error(), ExternalWork::kManagingStore));
}

bool is_public(const CustomKeyStore& store) {
  return store.connectivity == "PUBLIC_ENDPOINT";
}

// Everything that can be known before anything is sent or stored.
Status check_new(Call& call, const CustomKeyStore& store) {
  return call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(check_key_store_quota(transaction, store));
    return check_unique(transaction, store);
  });
}

bool says_something_new_to_the_proxy(const api::UpdateCustomKeyStoreRequest& request) {
  return request.xks_proxy_uri_endpoint || request.xks_proxy_uri_path ||
         request.xks_proxy_authentication_credential || request.xks_proxy_connectivity ||
         request.xks_proxy_vpc_endpoint_service_name;
}

api::CustomKeyStoresListEntry entry_of(const CustomKeyStore& store) {
  api::CustomKeyStoresListEntry entry;
  entry.custom_key_store_id = store.id;
  entry.custom_key_store_name = store.name;
  entry.custom_key_store_type = store.type;
  entry.connection_state = store.connection_state;
  if (!store.connection_error.empty()) entry.connection_error_code = store.connection_error;
  entry.creation_date = store.created;
  if (store.type == kCloudHsm) {
    entry.cloud_hsm_cluster_id = store.cluster_id;
    entry.trust_anchor_certificate = store.trust_anchor;
    return entry;
  }
  auto& proxy = entry.xks_proxy_configuration.emplace();
  proxy.connectivity = store.connectivity;
  proxy.access_key_id = store.access_key_id;
  proxy.uri_endpoint = store.uri_endpoint;
  proxy.uri_path = store.uri_path;
  if (!store.vpc_endpoint_service.empty()) proxy.vpc_endpoint_service_name = store.vpc_endpoint_service;
  return entry;
}

Result<std::vector<CustomKeyStore>> list(Call& call, const std::string& after, size_t limit) {
  std::vector<CustomKeyStore> stores;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.custom_key_stores(call.account, call.region, after, limit));
    stores = std::move(rows);
    return {};
  }));
  return stores;
}

// The one that is asked for, or a page of them all.
Result<std::vector<CustomKeyStore>> wanted(Call& call, const api::DescribeCustomKeyStoresRequest& request,
                                           size_t limit) {
  if (request.custom_key_store_id) {
    COFFER_TRY(store, find_key_store(call, *request.custom_key_store_id));
    return std::vector{std::move(store)};
  }
  COFFER_TRY(after, marker_position("DescribeCustomKeyStores", request.marker));
  if (!request.custom_key_store_name) return list(call, after, limit + 1);
  COFFER_TRY(all, list(call, "", 1000));
  for (auto& store : all)
    if (store.name == *request.custom_key_store_name) return std::vector{std::move(store)};
  return tl::unexpected(find_key_store(call, "").error());
}

}  // namespace

Result<api::CreateCustomKeyStoreResponse> KmsService::create_custom_key_store(
    Call& call, const api::CreateCustomKeyStoreRequest& request) {
  COFFER_CHECK(call.authorise("kms:CreateCustomKeyStore", "*"));
  COFFER_TRY(store, checked_new_store(call, request));
  COFFER_CHECK(check_new(call, store));
  if (store.type == kCloudHsm) COFFER_CHECK(check_cluster(call.installation, store));
  store.id = make_resource_id(call.installation.random, "cks");
  COFFER_TRY(secret, wrapped_secret(call, store.id, request));
  store.wrapped_secret = std::move(secret);
  if (is_public(store)) COFFER_CHECK(ask_proxy(call, store));
  return call.commit<api::CreateCustomKeyStoreResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreateCustomKeyStoreResponse> {
        COFFER_CHECK(check_key_store_quota(transaction, store));
        COFFER_CHECK(check_unique(transaction, store));
        COFFER_CHECK(check_cluster_free(transaction, store));
        COFFER_CHECK(transaction.insert_custom_key_store(store));
        api::CreateCustomKeyStoreResponse response;
        response.custom_key_store_id = store.id;
        return response;
      });
}

Result<api::UpdateCustomKeyStoreResponse> KmsService::update_custom_key_store(
    Call& call, const api::UpdateCustomKeyStoreRequest& request) {
  COFFER_CHECK(call.authorise("kms:UpdateCustomKeyStore", "*"));
  COFFER_TRY(before, find_key_store(call, request.custom_key_store_id));
  COFFER_TRY(updated, checked_update(before, request));
  COFFER_CHECK(call.installation.catalog.read(
      [&](catalog::Transaction& transaction) { return check_unique(transaction, updated); }));
  if (request.cloud_hsm_cluster_id) COFFER_CHECK(check_cluster(call.installation, updated));
  if (request.xks_proxy_authentication_credential || request.key_store_password) {
    COFFER_TRY(secret, wrapped_secret(call, updated.id, request));
    updated.wrapped_secret = std::move(secret);
  }
  const bool in_use = updated.connection_state == connection::kConnected;
  if (says_something_new_to_the_proxy(request) && (is_public(updated) || in_use))
    COFFER_CHECK(ask_proxy(call, updated));
  return call.commit<api::UpdateCustomKeyStoreResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::UpdateCustomKeyStoreResponse> {
        COFFER_TRY(present, key_store_to_change(call, transaction, updated.id));
        COFFER_TRY(now, checked_update(present, request));
        now.wrapped_secret = request.xks_proxy_authentication_credential || request.key_store_password
                                 ? updated.wrapped_secret
                                 : present.wrapped_secret;  // a rotation may have re-wrapped it
        COFFER_CHECK(check_unique(transaction, now));
        COFFER_CHECK(check_cluster_free(transaction, now));
        COFFER_CHECK(transaction.update_custom_key_store(now));
        return api::UpdateCustomKeyStoreResponse{};
      });
}

Result<api::DeleteCustomKeyStoreResponse> KmsService::delete_custom_key_store(
    Call& call, const api::DeleteCustomKeyStoreRequest& request) {
  COFFER_CHECK(call.authorise("kms:DeleteCustomKeyStore", "*"));
  std::vector<catalog::KeyLeftInToken> left;
  auto response = call.commit<api::DeleteCustomKeyStoreResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::DeleteCustomKeyStoreResponse> {
        COFFER_TRY(store, key_store_to_change(call, transaction, request.custom_key_store_id));
        if (store.connection_state != connection::kDisconnected)
          return invalid_store_state("The custom key store must be disconnected before it is deleted.");
        COFFER_TRY(keys, transaction.count_keys_in_store(store.id));
        if (keys > 0)
          return fail(ErrorKind::kConflict, "The custom key store contains KMS keys.",
                      "CustomKeyStoreHasCMKsException");
        COFFER_TRY(in_token, transaction.keys_left_in_token(store.id));
        left = std::move(in_token);
        COFFER_CHECK(transaction.remove_custom_key_store(store.id));
        return api::DeleteCustomKeyStoreResponse{};
      });
  if (!response) return response;
  for (const auto& key : left)
    log_warning("key {} stays in the token of the deleted key store {}", key.material.key_id,
                key.custom_key_store_id);
  COFFER_CHECK(call.installation.catalog.erase_deleted());
  return response;
}

Result<api::DescribeCustomKeyStoresResponse> KmsService::describe_custom_key_stores(
    Call& call, const api::DescribeCustomKeyStoresRequest& request) {
  COFFER_CHECK(call.authorise("kms:DescribeCustomKeyStores", "*"));
  if (request.custom_key_store_id && request.custom_key_store_name)
    return fail(ErrorKind::kInvalidArgument,
                "Specify either CustomKeyStoreId or CustomKeyStoreName, but not both.",
                "ValidationException");
  const auto limit = static_cast<size_t>(request.limit.value_or(100));
  COFFER_TRY(stores, wanted(call, request, limit));
  api::DescribeCustomKeyStoresResponse response;
  response.truncated = stores.size() > limit;
  if (stores.size() > limit) {
    stores.resize(limit);
    response.next_marker = make_page_token("DescribeCustomKeyStores", stores.back().id);
  }
  response.custom_key_stores.emplace();
  for (const auto& store : stores) response.custom_key_stores->push_back(entry_of(store));
  return response;
}

}  // namespace coffer::services::kms
