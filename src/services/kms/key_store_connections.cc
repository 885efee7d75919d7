// SPDX-License-Identifier: Apache-2.0
// ConnectCustomKeyStore, DisconnectCustomKeyStore. As at AWS, connecting is begun by the call and ends by
// itself (key_store_worker.h).
#include "services/kms/external_keys.h"
#include "services/kms/key_store_rules.h"
#include "services/kms/key_store_worker.h"
#include "services/kms/kms_service.h"

namespace coffer::services::kms {

Result<api::ConnectCustomKeyStoreResponse> KmsService::connect_custom_key_store(
    Call& call, const api::ConnectCustomKeyStoreRequest& request) {
  COFFER_CHECK(call.authorise("kms:ConnectCustomKeyStore", "*"));
  auto response = call.commit<api::ConnectCustomKeyStoreResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::ConnectCustomKeyStoreResponse> {
        COFFER_TRY(store, key_store_to_change(call, transaction, request.custom_key_store_id));
        if (store.connection_state == connection::kFailed ||
            store.connection_state == connection::kDisconnecting)
          return invalid_store_state(
              "A custom key store that is disconnecting, or that failed to connect, must be disconnected "
              "before it is connected.");
        if (store.connection_state == connection::kDisconnected) {
          store.connection_state = connection::kConnecting;
          COFFER_CHECK(transaction.update_custom_key_store(store));
        }
        return api::ConnectCustomKeyStoreResponse{};
      });
  if (response && key_store_worker_ != nullptr) key_store_worker_->notify();
  return response;
}

Result<api::DisconnectCustomKeyStoreResponse> KmsService::disconnect_custom_key_store(
    Call& call, const api::DisconnectCustomKeyStoreRequest& request) {
  COFFER_CHECK(call.authorise("kms:DisconnectCustomKeyStore", "*"));
  auto response = call.commit<api::DisconnectCustomKeyStoreResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::DisconnectCustomKeyStoreResponse> {
        COFFER_TRY(store, key_store_to_change(call, transaction, request.custom_key_store_id));
        if (store.connection_state == connection::kDisconnected ||
            store.connection_state == connection::kDisconnecting)
          return invalid_store_state("The custom key store is not connected.");
        // There is nothing to take down on the way to a proxy; a token is logged out of.
        store.connection_state =
            store.type == kExternalKeyStore ? connection::kDisconnected : connection::kDisconnecting;
        store.connection_error.clear();
        COFFER_CHECK(transaction.update_custom_key_store(store));
        return api::DisconnectCustomKeyStoreResponse{};
      });
  if (response && key_store_worker_ != nullptr) key_store_worker_->notify();
  return response;
}

}  // namespace coffer::services::kms
