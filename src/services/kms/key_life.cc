// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_life.h"

#include "services/kms/key_states.h"

namespace coffer::services::kms {

Timestamp after(Timestamp time, Days days) {
  return {time.microseconds + std::chrono::microseconds(days).count()};
}

Result<catalog::Key> primary_of(catalog::Transaction& transaction, const catalog::Key& key) {
  if (!key.multi_region || key.region == key.primary_region) return key;
  COFFER_TRY(primary, transaction.key(key.primary_region, key.id));
  if (!primary) return fail(ErrorKind::kCorrupt, "the multi-Region key " + key.id + " has no primary");
  return std::move(*primary);
}

Result<bool> has_replicas(catalog::Transaction& transaction, const catalog::Key& key) {
  if (!key.multi_region || key.region != key.primary_region) return false;
  COFFER_TRY(copies, transaction.keys_of_id(key.id));
  return copies.size() > 1;
}

void schedule_deletion(catalog::Key& key, bool with_replicas, Days window, Timestamp now) {
  key.state = with_replicas ? key_state::kPendingReplicaDeletion : key_state::kPendingDeletion;
  key.deletion_window_days = static_cast<uint32_t>(window.count());
  key.deletion_date.reset();
  if (!with_replicas) key.deletion_date = after(now, window);
}

Timestamp next_rotation(const catalog::Key& key, Timestamp now) {
  const Days period(key.rotation_period_days);
  const Timestamp next = after(key.next_rotation.value_or(now), period);
  return next > now ? next : after(now, period);
}

}  // namespace coffer::services::kms
