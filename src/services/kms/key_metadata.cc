// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_metadata.h"

#include "services/arn.h"
#include "services/kms/external_keys.h"
#include "services/kms/key_kinds.h"
#include "services/kms/key_states.h"

namespace coffer::services::kms {
namespace {

namespace api = coffer::kms;

api::MultiRegionKey multi_region_key(const catalog::Key& key) {
  api::MultiRegionKey named;
  named.arn = key_arn(key.region, key.account, key.id);
  named.region = key.region;
  return named;
}

api::MultiRegionConfiguration multi_region_configuration(const catalog::Key& key,
                                                         const std::vector<catalog::Key>& copies) {
  api::MultiRegionConfiguration configuration;
  configuration.multi_region_key_type = key.region == key.primary_region ? "PRIMARY" : "REPLICA";
  configuration.replica_keys.emplace();
  for (const catalog::Key& copy : copies) {
    if (copy.region == key.primary_region)
      configuration.primary_key = multi_region_key(copy);
    else
      configuration.replica_keys->push_back(multi_region_key(copy));
  }
  return configuration;
}

// Where its deletion stands.
void add_deletion(api::KeyMetadata& metadata, const catalog::Key& key) {
  if (key.state == key_state::kPendingDeletion) metadata.deletion_date = key.deletion_date;
  if (key.state == key_state::kPendingReplicaDeletion)
    metadata.pending_deletion_window_in_days = static_cast<int32_t>(key.deletion_window_days);
}

}  // namespace

api::KeyMetadata metadata_of(const FoundKey& found, const std::vector<catalog::Key>& copies) {
  const catalog::Key& key = found.key;
  api::KeyMetadata metadata;
  metadata.aws_account_id = key.account;
  metadata.key_id = key.id;
  metadata.arn = found.arn;
  metadata.creation_date = key.created;
  metadata.enabled = found.enabled();
  metadata.description = key.description;
  metadata.key_usage = key.usage;
  metadata.key_state = current_state(key);
  metadata.origin = key.origin;
  metadata.key_manager = key.manager;
  metadata.customer_master_key_spec = key.spec;
  metadata.key_spec = key.spec;
  metadata.multi_region = key.multi_region;
  describe_algorithms(key, metadata);
  if (auto names = mac_algorithm_names(key); !names.empty()) metadata.mac_algorithms = std::move(names);
  add_deletion(metadata, key);
  if (key.spec == "SYMMETRIC_DEFAULT" && key.origin == "AWS_KMS")
    metadata.current_key_material_id = key_material_id(key.id, key.current_version);
  if (key.multi_region) metadata.multi_region_configuration = multi_region_configuration(key, copies);
  return metadata;
}

void add_key_store(const catalog::Key& key, const catalog::CustomKeyStore& store,
                   api::KeyMetadata& metadata) {
  metadata.custom_key_store_id = store.id;
  if (!store.cluster_id.empty()) metadata.cloud_hsm_cluster_id = store.cluster_id;
  if (is_external(key)) metadata.xks_key_configuration.emplace().id = key.store_key_id;
}

Status add_key_store(catalog::Catalog& catalog, const catalog::Key& key, api::KeyMetadata& metadata) {
  if (key.custom_key_store_id.empty()) return {};
  return catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(store, transaction.custom_key_store(key.custom_key_store_id));
    if (store) add_key_store(key, *store, metadata);
    return {};
  });
}

Status add_imported_material(catalog::Catalog& catalog, const catalog::Key& key, api::KeyMetadata& metadata) {
  if (key.origin != "EXTERNAL") return {};
  return catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(material, transaction.backing_key(key.region, key.id, key.current_version));
    if (!material) return {};
    if (const auto id = material_id_of(key, *material); !id.empty()) metadata.current_key_material_id = id;
    if (key.state == key_state::kPendingImport || material->token.empty()) return {};
    metadata.expiration_model = material->expiration_model;
    metadata.valid_to = material->valid_to;
    return {};
  });
}

}  // namespace coffer::services::kms
