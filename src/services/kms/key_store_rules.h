// SPDX-License-Identifier: Apache-2.0
// What CreateCustomKeyStore and UpdateCustomKeyStore ask before they do anything, and AWS's errors about
// custom key stores. Source: KMS API Reference of these; AWS KMS Developer Guide, "Key stores".
#pragma once
#include <string>

#include "catalog/catalog.h"
#include "services/call.h"
#include "services/kms/hsm_cluster.h"
#include "services/kms/kms_service.h"

namespace coffer::services::kms {

namespace connection {
inline constexpr const char* kConnected = "CONNECTED";
inline constexpr const char* kConnecting = "CONNECTING";
inline constexpr const char* kFailed = "FAILED";
inline constexpr const char* kDisconnected = "DISCONNECTED";
inline constexpr const char* kDisconnecting = "DISCONNECTING";
}  // namespace connection

// The caller's store; CustomKeyStoreNotFoundException.
Result<catalog::CustomKeyStore> find_key_store(Call& call, const std::string& id);
// The same as it is in a transaction that changes it.
Result<catalog::CustomKeyStore> key_store_to_change(const Call& call, catalog::Transaction& transaction,
                                                    const std::string& id);

// A new store by its request, without id and secret. ValidationException for parameters that its type needs,
// or does not have.
Result<catalog::CustomKeyStore> checked_new_store(const Call& call,
                                                  const api::CreateCustomKeyStoreRequest& request);
// A store as an update would have it, its secret aside. CustomKeyStoreInvalidStateException where it would
// have to be disconnected.
Result<catalog::CustomKeyStore> checked_update(const catalog::CustomKeyStore& store,
                                               const api::UpdateCustomKeyStoreRequest& request);

// Is nothing of it another store's, of the same account and region?
Status check_unique(catalog::Transaction& transaction, const catalog::CustomKeyStore& store);
// At most ten in an account and region, as at AWS. LimitExceededException.
Status check_key_store_quota(catalog::Transaction& transaction, const catalog::CustomKeyStore& store);

// A cluster is for one key store, whoever's: CloudHsmClusterInUseException. Nothing for other stores.
Status check_cluster_free(catalog::Transaction& transaction, const catalog::CustomKeyStore& store);
// Is there such a cluster for the account, free, and is the store's certificate its trust anchor?
Status check_cluster(Installation& installation, const catalog::CustomKeyStore& store);

tl::unexpected<Error> invalid_store_state(std::string message);  // CustomKeyStoreInvalidStateException

HsmClusterUse cluster_of(const catalog::CustomKeyStore& store);
// How the store's user logs in to its cluster.
HsmLogin login_of(const catalog::CustomKeyStore& store);

}  // namespace coffer::services::kms
