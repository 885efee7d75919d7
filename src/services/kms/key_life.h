// SPDX-License-Identifier: Apache-2.0
// The steps in a KMS key's life that handlers and the worker share. Each is done within a transaction that
// read the rows; time comes from the caller. Source: AWS KMS Developer Guide, "Rotate AWS KMS keys", "Delete
// an AWS KMS key", "Delete multi-Region keys".
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "catalog/catalog.h"

namespace coffer::services::kms {

using Days = std::chrono::duration<int64_t, std::ratio<86400>>;
Timestamp after(Timestamp time, Days days);

// The key that holds what the keys of a multi-Region key share: its primary; any other key itself.
Result<catalog::Key> primary_of(catalog::Transaction& transaction, const catalog::Key& key);

// Has a multi-Region primary other keys beside it?
Result<bool> has_replicas(catalog::Transaction& transaction, const catalog::Key& key);

// To be deleted `window` from now: PendingDeletion, or PendingReplicaDeletion while it is a primary with
// replicas.
void schedule_deletion(catalog::Key& key, bool with_replicas, Days window, Timestamp now);

// When the next automatic rotation is due after one that happened now and was due at `key.next_rotation`. A
// key that missed several, disabled or asleep, starts anew from now.
Timestamp next_rotation(const catalog::Key& key, Timestamp now);

}  // namespace coffer::services::kms
