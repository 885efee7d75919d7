// SPDX-License-Identifier: Apache-2.0
#include "services/kms/imported_material.h"

#include <algorithm>

#include "services/arn.h"
#include "services/kms/key_states.h"
#include "services/service_event.h"

namespace coffer::services::kms {
namespace {

bool is_pending_deletion(const catalog::Key& key) {
  return key.state == key_state::kPendingDeletion || key.state == key_state::kPendingReplicaDeletion;
}

Status expire(Installation& installation, catalog::Transaction& transaction,
              const catalog::BackingKey& material) {
  COFFER_TRY(key, transaction.key(material.region, material.key_id));
  if (!key) return {};
  COFFER_CHECK(erase_material(transaction, *key, material));
  services::ServiceEvent event;
  event.account = key->account;
  event.region = key->region;
  event.event_source = "kms.amazonaws.com";
  event.event_name = "DeleteExpiredKeyMaterial";
  event.resource_arns = {key_arn(key->region, key->account, key->id)};
  return record_service_event(installation, transaction, event);
}

}  // namespace

Status note_expiry(catalog::Transaction& transaction, catalog::Key& key, Timestamp now) {
  if (key.origin != "EXTERNAL") return {};
  COFFER_TRY(materials, transaction.backing_keys(key.region, key.id));
  note_expiry(key, materials, now);
  return {};
}

void note_expiry(catalog::Key& key, const std::vector<catalog::BackingKey>& materials, Timestamp now) {
  if (key.origin != "EXTERNAL" || is_pending_deletion(key)) return;
  const bool expired = std::ranges::any_of(
      materials, [&](const auto& material) { return material.valid_to && *material.valid_to <= now; });
  if (expired) key.state = key_state::kPendingImport;
}

Status erase_material(catalog::Transaction& transaction, catalog::Key key, catalog::BackingKey material) {
  material.token.clear();
  material.expiration_model.clear();
  material.valid_to.reset();
  COFFER_CHECK(transaction.put_backing_key(material));
  if (is_pending_deletion(key)) return {};
  key.state = key_state::kPendingImport;
  return transaction.update_key(key);
}

Status expire_imported_material(Installation& installation) {
  const Timestamp now = installation.clock.now();
  std::vector<catalog::BackingKey> expired;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.expired_backing_keys(now));
    expired = std::move(rows);
    return {};
  }));
  if (expired.empty()) return {};
  COFFER_CHECK(installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.expired_backing_keys(now));  // as they are now
    for (const auto& material : rows) COFFER_CHECK(expire(installation, transaction, material));
    return {};
  }));
  return installation.catalog.erase_deleted();
}

}  // namespace coffer::services::kms
