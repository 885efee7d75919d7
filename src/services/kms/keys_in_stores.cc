// SPDX-License-Identifier: Apache-2.0
#include "services/kms/keys_in_stores.h"

#include <fmt/format.h>

#include "base/log.h"
#include "services/kms/external_keys.h"
#include "services/kms/key_store_rules.h"

namespace coffer::services::kms {
namespace {

using catalog::CustomKeyStore;

constexpr uint32_t kFirstVersion = 1;

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "ValidationException");
}

tl::unexpected<Error> unsupported(std::string message) {
  return fail(ErrorKind::kUnsupported, std::move(message), "UnsupportedOperationException");
}

bool is_of_store(const std::string& origin) {
  return origin == kExternalKeyStore || origin == kCloudHsm;
}

Status check_connected(const CustomKeyStore& store) {
  if (store.connection_state == connection::kConnected) return {};
  return invalid_store_state(
      fmt::format("The ConnectionState of the custom key store {} is {}. Connect the custom key store and "
                  "try the request "
                  "again.",
                  store.id, store.connection_state));
}

Status check_free(catalog::Transaction& transaction, const std::string& store_id,
                  const std::string& xks_key_id) {
  COFFER_TRY(users, transaction.count_keys_in_store(store_id, xks_key_id));
  if (users == 0) return {};
  return fail(ErrorKind::kConflict,
              fmt::format("The external key {} is already associated with a KMS key in this external key "
                          "store.",
                          xks_key_id),
              "XksKeyAlreadyInUseException");
}

// The token, or the way to it, rather than one of its keys.
bool is_away(const Error& error) {
  return error.kind == ErrorKind::kConflict || error.kind == ErrorKind::kUnavailable;
}

}  // namespace

Status check_store_parameters(const api::CreateKeyRequest& request, const KeyKind& kind) {
  const std::string origin = request.origin.value_or("AWS_KMS");
  if (!is_of_store(origin) && request.custom_key_store_id)
    return invalid(fmt::format("CustomKeyStoreId is not valid for Origin {}.", origin));
  if (origin != kExternalKeyStore && request.xks_key_id)
    return invalid(fmt::format("XksKeyId is not valid for Origin {}.", origin));
  if (!is_of_store(origin)) return {};
  if (!request.custom_key_store_id)
    return invalid(fmt::format("CustomKeyStoreId is required for Origin {}.", origin));
  if (origin == kExternalKeyStore && !request.xks_key_id)
    return invalid(fmt::format("XksKeyId is required for Origin {}.", origin));
  if (kind.spec != format::KeySpec::kSymmetricDefault)
    return unsupported(
        fmt::format("KeySpec {} is not supported in a custom key store.", format::name_of(kind.spec)));
  if (request.multi_region.value_or(false))
    return unsupported("Multi-Region keys are not supported in a custom key store.");
  return {};
}

Result<std::optional<CustomKeyStore>> store_for_key(Call& call, const api::CreateKeyRequest& request) {
  if (!request.custom_key_store_id) return std::optional<CustomKeyStore>();
  COFFER_TRY(store, find_key_store(call, *request.custom_key_store_id));
  if (store.type != *request.origin)
    return invalid(fmt::format("The custom key store {} is not of type {}.", store.id, *request.origin));
  COFFER_CHECK(check_connected(store));
  if (store.type == kExternalKeyStore) {
    COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) {
      return check_free(transaction, store.id, *request.xks_key_id);
    }));
    COFFER_CHECK(check_external_key(call, store, *request.xks_key_id));
  }
  return std::optional(std::move(store));
}

Result<catalog::BackingKey> material_in_store(Call& call, const CustomKeyStore& store,
                                              const api::CreateKeyRequest& request, catalog::Key& key) {
  key.custom_key_store_id = store.id;
  const format::KeyBinding binding{key.account, key.region, key.id};
  catalog::BackingKey material;
  material.key_id = key.id;
  if (store.type == kExternalKeyStore) {
    key.store_key_id = *request.xks_key_id;
    COFFER_TRY(made, call.installation.keyd.create_key_material(binding, kFirstVersion,
                                                                format::KeySpec::kSymmetricDefault));
    material.token = std::move(made.token);
    return material;
  }
  if (call.installation.hsm_clusters == nullptr)
    return fail(ErrorKind::kUnavailable, "no cluster is configured");
  COFFER_TRY(made, call.installation.hsm_clusters->create_key(login_of(store), binding));
  key.store_key_id = std::move(made.label);
  material.token = std::move(made.token);
  return material;
}

void discard_material(Installation& installation, const CustomKeyStore& store, const catalog::Key& key,
                      const catalog::BackingKey& material) {
  if (store.type != kCloudHsm) return;
  const catalog::KeyLeftInToken left = left_in_token(store, key, material);
  const Status noted = installation.catalog.write(
      [&](catalog::Transaction& transaction) { return transaction.insert_key_left_in_token(left); });
  if (!noted)
    log_warning("key {} stays in the token of {}: {}", key.store_key_id, store.cluster_id,
                noted.error().message);
}

catalog::KeyLeftInToken left_in_token(const CustomKeyStore& store, const catalog::Key& key,
                                      const catalog::BackingKey& material) {
  catalog::KeyLeftInToken left{store.id, key.account, material};
  left.material.region = key.region;
  return left;
}

Status destroy_left_in_token(Installation& installation, const CustomKeyStore& store) {
  std::vector<catalog::KeyLeftInToken> left;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.keys_left_in_token(store.id));
    left = std::move(rows);
    return {};
  }));
  Status outcome;
  for (const catalog::KeyLeftInToken& key : left) {
    const auto& material = key.material;
    const Status destroyed = installation.hsm_clusters->destroy_key(
        login_of(store), {material.key_id, material.token}, {key.account, material.region, material.key_id});
    if (!destroyed) outcome = destroyed;
    if (!destroyed && is_away(destroyed.error())) return outcome;
    if (destroyed)
      COFFER_CHECK(installation.catalog.write(
          [&](catalog::Transaction& transaction) { return transaction.remove_key_left_in_token(key); },
          catalog::Urgency::kProtective));
  }
  return outcome;
}

Status check_store_unchanged(catalog::Transaction& transaction, const catalog::Key& key) {
  if (key.custom_key_store_id.empty()) return {};
  COFFER_TRY(store, transaction.custom_key_store(key.custom_key_store_id));
  if (!store)
    return fail(ErrorKind::kNotFound, "The custom key store was deleted.", "CustomKeyStoreNotFoundException");
  COFFER_CHECK(check_connected(*store));
  return check_free(transaction, key.custom_key_store_id, key.store_key_id);
}

Result<CustomKeyStore> connected_cluster(Call& call, const std::string& store_id) {
  COFFER_TRY(store, find_key_store(call, store_id));
  if (store.type != kCloudHsm) return unsupported("GenerateRandom does not work with external key stores.");
  COFFER_CHECK(check_connected(store));
  if (call.installation.hsm_clusters == nullptr)
    return fail(ErrorKind::kUnavailable, "no cluster is configured");
  return store;
}

Status refuse_in_store(const FoundKey& found) {
  if (found.key.custom_key_store_id.empty()) return {};
  return unsupported(
      fmt::format("{} origin is {} which is not valid for this operation.", found.arn, found.key.origin));
}

}  // namespace coffer::services::kms
