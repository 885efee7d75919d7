// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_store_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/kms/external_keys.h"

namespace coffer::services::kms {
namespace {

using catalog::CustomKeyStore;

constexpr size_t kMostStores = 10;  // AWS KMS Developer Guide, "Resource quotas"
constexpr const char* kPublic = "PUBLIC_ENDPOINT";
constexpr const char* kVpc = "VPC_ENDPOINT_SERVICE";

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "ValidationException");
}

tl::unexpected<Error> refused(const char* code, std::string message) {
  return fail(ErrorKind::kConflict, std::move(message), code);
}

tl::unexpected<Error> not_found() {
  return fail(ErrorKind::kNotFound,
              "AWS KMS cannot find a custom key store with the specified key store name or ID.",
              "CustomKeyStoreNotFoundException");
}

Status need(bool given, const char* name, const std::string& type) {
  if (given) return {};
  return invalid(fmt::format("{} is required for a custom key store of type {}.", name, type));
}

Status forbid(bool given, const char* name, const std::string& type) {
  if (!given) return {};
  return invalid(fmt::format("{} is not valid for a custom key store of type {}.", name, type));
}

// What only external key stores have, in either request.
Status forbid_proxy(const auto& request, const std::string& type) {
  COFFER_CHECK(forbid(request.xks_proxy_uri_endpoint.has_value(), "XksProxyUriEndpoint", type));
  COFFER_CHECK(forbid(request.xks_proxy_uri_path.has_value(), "XksProxyUriPath", type));
  COFFER_CHECK(forbid(request.xks_proxy_vpc_endpoint_service_name.has_value(),
                      "XksProxyVpcEndpointServiceName", type));
  COFFER_CHECK(forbid(request.xks_proxy_authentication_credential.has_value(),
                      "XksProxyAuthenticationCredential", type));
  return forbid(request.xks_proxy_connectivity.has_value(), "XksProxyConnectivity", type);
}

Status forbid_cluster(const auto& request, const std::string& type) {
  COFFER_CHECK(forbid(request.cloud_hsm_cluster_id.has_value(), "CloudHsmClusterId", type));
  return forbid(request.key_store_password.has_value(), "KeyStorePassword", type);
}

// A service in another Region is none that can be found from this one.
Status check_connectivity(const CustomKeyStore& store) {
  if (store.connectivity == kPublic)
    return forbid(!store.vpc_endpoint_service.empty(), "XksProxyVpcEndpointServiceName",
                  "EXTERNAL_KEY_STORE with PUBLIC_ENDPOINT connectivity");
  if (store.vpc_endpoint_service.empty())
    return invalid("XksProxyVpcEndpointServiceName is required for VPC_ENDPOINT_SERVICE connectivity.");
  if (store.vpc_endpoint_service.starts_with("com.amazonaws.vpce." + store.region + ".")) return {};
  return refused("XksProxyVpcEndpointServiceNotFoundException",
                 "AWS KMS could not find the specified VPC endpoint service.");
}

Status fill_external(CustomKeyStore& store, const api::CreateCustomKeyStoreRequest& request) {
  COFFER_CHECK(forbid_cluster(request, store.type));
  COFFER_CHECK(forbid(request.trust_anchor_certificate.has_value(), "TrustAnchorCertificate", store.type));
  COFFER_CHECK(need(request.xks_proxy_connectivity.has_value(), "XksProxyConnectivity", store.type));
  COFFER_CHECK(need(request.xks_proxy_uri_endpoint.has_value(), "XksProxyUriEndpoint", store.type));
  COFFER_CHECK(need(request.xks_proxy_uri_path.has_value(), "XksProxyUriPath", store.type));
  COFFER_CHECK(need(request.xks_proxy_authentication_credential.has_value(),
                    "XksProxyAuthenticationCredential", store.type));
  store.connectivity = *request.xks_proxy_connectivity;
  store.uri_endpoint = *request.xks_proxy_uri_endpoint;
  store.uri_path = *request.xks_proxy_uri_path;
  store.vpc_endpoint_service = request.xks_proxy_vpc_endpoint_service_name.value_or("");
  store.access_key_id = request.xks_proxy_authentication_credential->access_key_id;
  return check_connectivity(store);
}

Status fill_cluster(CustomKeyStore& store, const api::CreateCustomKeyStoreRequest& request) {
  COFFER_CHECK(forbid_proxy(request, store.type));
  COFFER_CHECK(need(request.cloud_hsm_cluster_id.has_value(), "CloudHsmClusterId", store.type));
  COFFER_CHECK(need(request.trust_anchor_certificate.has_value(), "TrustAnchorCertificate", store.type));
  COFFER_CHECK(need(request.key_store_password.has_value(), "KeyStorePassword", store.type));
  store.cluster_id = *request.cloud_hsm_cluster_id;
  store.trust_anchor = *request.trust_anchor_certificate;
  return {};
}

Status update_external(CustomKeyStore& store, const api::UpdateCustomKeyStoreRequest& request) {
  COFFER_CHECK(forbid_cluster(request, store.type));
  const bool needs_disconnected = request.xks_proxy_uri_endpoint || request.xks_proxy_connectivity ||
                                  request.xks_proxy_vpc_endpoint_service_name;
  const bool connected = store.connection_state == connection::kConnected;
  if (store.connection_state != connection::kDisconnected && (needs_disconnected || !connected))
    return invalid_store_state("The custom key store must be disconnected for this update.");
  if (request.xks_proxy_connectivity && *request.xks_proxy_connectivity != store.connectivity) {
    COFFER_CHECK(need(request.xks_proxy_uri_endpoint.has_value(), "XksProxyUriEndpoint",
                      store.type + " whose XksProxyConnectivity changes"));
    store.connectivity = *request.xks_proxy_connectivity;
    if (store.connectivity == kPublic) store.vpc_endpoint_service.clear();
  }
  store.uri_endpoint = request.xks_proxy_uri_endpoint.value_or(store.uri_endpoint);
  store.uri_path = request.xks_proxy_uri_path.value_or(store.uri_path);
  store.vpc_endpoint_service =
      request.xks_proxy_vpc_endpoint_service_name.value_or(store.vpc_endpoint_service);
  if (request.xks_proxy_authentication_credential)
    store.access_key_id = request.xks_proxy_authentication_credential->access_key_id;
  return check_connectivity(store);
}

Status update_cluster(CustomKeyStore& store, const api::UpdateCustomKeyStoreRequest& request) {
  COFFER_CHECK(forbid_proxy(request, store.type));
  if (store.connection_state != connection::kDisconnected)
    return invalid_store_state("The custom key store must be disconnected for this update.");
  store.cluster_id = request.cloud_hsm_cluster_id.value_or(store.cluster_id);
  return {};
}

// Nothing of an external key store may be another's.
Status check_proxy_unique(const CustomKeyStore& store, const CustomKeyStore& other) {
  const bool same_endpoint = store.uri_endpoint == other.uri_endpoint;
  if (same_endpoint && store.uri_path == other.uri_path)
    return refused("XksProxyUriInUseException",
                   "The XksProxyUriEndpoint and XksProxyUriPath are already associated with an external key "
                   "store in this account and Region.");
  if (same_endpoint && (store.connectivity == kVpc || other.connectivity == kVpc))
    return refused("XksProxyUriEndpointInUseException",
                   "The XksProxyUriEndpoint is already associated with an external key store in this account "
                   "and Region.");
  if (!store.vpc_endpoint_service.empty() && store.vpc_endpoint_service == other.vpc_endpoint_service)
    return refused("XksProxyVpcEndpointServiceInUseException",
                   "The VPC endpoint service is already associated with an external key store in this "
                   "account and Region.");
  return {};
}

}  // namespace

tl::unexpected<Error> invalid_store_state(std::string message) {
  return refused("CustomKeyStoreInvalidStateException", std::move(message));
}

Result<CustomKeyStore> key_store_to_change(const Call& call, catalog::Transaction& transaction,
                                           const std::string& id) {
  COFFER_TRY(store, transaction.custom_key_store(id));
  if (!store || store->account != call.account || store->region != call.region) return not_found();
  return std::move(*store);
}

Result<CustomKeyStore> find_key_store(Call& call, const std::string& id) {
  Result<CustomKeyStore> store = not_found();
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    store = key_store_to_change(call, transaction, id);
    return {};
  }));
  return store;
}

Result<CustomKeyStore> checked_new_store(const Call& call, const api::CreateCustomKeyStoreRequest& request) {
  CustomKeyStore store;
  store.account = call.account;
  store.region = call.region;
  store.name = request.custom_key_store_name;
  store.type = request.custom_key_store_type.value_or(kCloudHsm);
  store.connection_state = connection::kDisconnected;
  store.created = call.time;
  COFFER_CHECK(store.type == kExternalKeyStore ? fill_external(store, request)
                                               : fill_cluster(store, request));
  return store;
}

Result<CustomKeyStore> checked_update(const CustomKeyStore& store,
                                      const api::UpdateCustomKeyStoreRequest& request) {
  CustomKeyStore updated = store;
  COFFER_CHECK(store.type == kExternalKeyStore ? update_external(updated, request)
                                               : update_cluster(updated, request));
  updated.name = request.new_custom_key_store_name.value_or(store.name);
  return updated;
}

Status check_unique(catalog::Transaction& transaction, const CustomKeyStore& store) {
  COFFER_TRY(others, transaction.custom_key_stores(store.account, store.region, "", 2 * kMostStores));
  for (const auto& other : others) {
    if (other.id == store.id) continue;
    if (other.name == store.name)
      return refused("CustomKeyStoreNameInUseException",
                     "The custom key store name is already assigned to another custom key store in this "
                     "account.");
    if (other.type != store.type) continue;
    if (store.type == kExternalKeyStore) COFFER_CHECK(check_proxy_unique(store, other));
  }
  return {};
}

Status check_cluster_free(catalog::Transaction& transaction, const CustomKeyStore& store) {
  if (store.type != kCloudHsm) return {};
  COFFER_TRY(users, transaction.custom_key_stores_of_cluster(store.cluster_id));
  for (const auto& other : users)
    if (other.id != store.id)
      return refused("CloudHsmClusterInUseException",
                     "The CloudHSM cluster is already associated with a CloudHSM key store.");
  return {};
}

Status check_key_store_quota(catalog::Transaction& transaction, const CustomKeyStore& store) {
  COFFER_TRY(present, transaction.custom_key_stores(store.account, store.region, "", kMostStores));
  if (present.size() < kMostStores) return {};
  return fail(ErrorKind::kLimitExceeded,
              fmt::format("You have reached the limit of {} custom key stores.", kMostStores),
              "LimitExceededException");
}

Status check_cluster(Installation& installation, const CustomKeyStore& store) {
  const auto* clusters = installation.hsm_clusters;
  const HsmClusterUse cluster = cluster_of(store);
  if (clusters == nullptr || !clusters->knows(cluster))
    return refused("CloudHsmClusterNotFoundException",
                   "AWS KMS cannot find the CloudHSM cluster with the specified cluster ID.");
  COFFER_CHECK(installation.catalog.read(
      [&](catalog::Transaction& transaction) { return check_cluster_free(transaction, store); }));
  COFFER_CHECK(clusters->check_active(cluster));
  if (clusters->trusts(cluster, store.trust_anchor)) return {};
  if (store.id.empty())
    return refused("IncorrectTrustAnchorException",
                   "The trust anchor certificate in the request is not the trust anchor certificate for the "
                   "specified CloudHSM cluster.");
  return refused("CloudHsmClusterNotRelatedException",
                 "The specified CloudHSM cluster has a different cluster certificate than the original "
                 "cluster.");
}

HsmClusterUse cluster_of(const CustomKeyStore& store) {
  return {store.cluster_id, store.account};
}

HsmLogin login_of(const CustomKeyStore& store) {
  return {store.cluster_id, store.id, store.wrapped_secret};
}

}  // namespace coffer::services::kms
