// SPDX-License-Identifier: Apache-2.0
#include "services/kms/stored_keys.h"

#include "services/arn.h"
#include "services/kms/imported_material.h"
#include "services/kms/key_directory.h"

namespace coffer::services::kms {
namespace {

constexpr size_t kMostAliases = 1000;  // 50 are allowed

Result<std::shared_ptr<const StoredKey>> read(catalog::Catalog& catalog, policy::DocumentCache& documents,
                                              const std::string& region, const std::string& key_id) {
  std::shared_ptr<StoredKey> stored;
  COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(key, transaction.key(region, key_id));
    if (!key) return {};
    COFFER_TRY(aliases, transaction.aliases(key->account, region, key_id, "", kMostAliases));
    COFFER_TRY(materials, transaction.backing_keys(region, key_id));
    stored = std::make_shared<StoredKey>();
    stored->key = std::move(*key);
    stored->materials = std::move(materials);
    for (auto& alias : aliases) stored->aliases.push_back(std::move(alias.name));
    return {};
  }));
  if (!stored) return stored;
  stored->arn = key_arn(stored->key.region, stored->key.account, stored->key.id);
  if (auto policy = documents.read(stored->key.policy, policy::DocumentKind::kKey))
    stored->policy = std::move(*policy);
  for (const auto& material : stored->materials)
    stored->material_ids.push_back(material_id_of(stored->key, material));
  return stored;
}

}  // namespace

catalog::Key StoredKey::key_at(Timestamp now) const {
  catalog::Key by_then = key;
  note_expiry(by_then, materials, now);
  return by_then;
}

Result<std::shared_ptr<const StoredKey>> StoredKeys::find(catalog::Catalog& catalog,
                                                          policy::DocumentCache& documents,
                                                          const std::string& region,
                                                          const std::string& key_id) {
  return kept_.get(catalog, region + "/" + key_id, [&] { return read(catalog, documents, region, key_id); });
}

}  // namespace coffer::services::kms
