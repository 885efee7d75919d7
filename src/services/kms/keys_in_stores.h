// SPDX-License-Identifier: Apache-2.0
// CreateKey in a custom key store. Source: KMS API Reference, CreateKey, Origin, CustomKeyStoreId, XksKeyId.
#pragma once
#include <optional>

#include "catalog/catalog.h"
#include "services/kms/key_directory.h"
#include "services/kms/key_kinds.h"
#include "services/kms/kms_service.h"

namespace coffer::services::kms {

// Do Origin, CustomKeyStoreId and XksKeyId go together, and with the kind of key? ValidationException,
// UnsupportedOperationException.
Status check_store_parameters(const api::CreateKeyRequest& request, const KeyKind& kind);

// The store that the key is to be in, connected, with an external key that is fit and free; nothing where the
// request names none. For a caller who may create keys.
Result<std::optional<catalog::CustomKeyStore>> store_for_key(Call& call,
                                                             const api::CreateKeyRequest& request);

// The key's material: made by keyd for an external key store, by the token for a cluster. Sets what the key's
// row says of its place.
Result<catalog::BackingKey> material_in_store(Call& call, const catalog::CustomKeyStore& store,
                                              const api::CreateKeyRequest& request, catalog::Key& key);

// What the token of a cluster holds of a key that did not come to be is destroyed by the key worker. Where
// not even that can be noted, it stays behind and is logged. Nothing for other stores.
void discard_material(Installation& installation, const catalog::CustomKeyStore& store,
                      const catalog::Key& key, const catalog::BackingKey& material);

// A key that is no more, whose object in the token of `store` is still to be destroyed.
catalog::KeyLeftInToken left_in_token(const catalog::CustomKeyStore& store, const catalog::Key& key,
                                      const catalog::BackingKey& material);
// Destroys what is left in the token of a connected store. Ends once the token is away, or its password
// refused; what is not destroyed stays noted.
Status destroy_left_in_token(Installation& installation, const catalog::CustomKeyStore& store);

// Once more, in the transaction that stores the key.
Status check_store_unchanged(catalog::Transaction& transaction, const catalog::Key& key);

// A connected cluster's store, for GenerateRandom; UnsupportedOperationException for one of the other type.
Result<catalog::CustomKeyStore> connected_cluster(Call& call, const std::string& store_id);

// UnsupportedOperationException for a key in a custom key store.
Status refuse_in_store(const FoundKey& found);

}  // namespace coffer::services::kms
