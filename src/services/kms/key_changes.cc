// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_changes.h"

#include <fmt/format.h>

#include "services/kms/imported_material.h"
#include "services/kms/key_states.h"

namespace coffer::services::kms {

Result<catalog::Key> key_to_change(const Call& call, catalog::Transaction& transaction,
                                   const FoundKey& found) {
  COFFER_TRY(key, transaction.key(found.key.region, found.key.id));
  if (!key)
    return fail(ErrorKind::kNotFound, fmt::format("Key '{}' does not exist", found.arn), "NotFoundException");
  COFFER_CHECK(note_expiry(transaction, *key, call.time));
  COFFER_CHECK(check_state(current_state(*key), call.operation, found.arn));
  return std::move(*key);
}

}  // namespace coffer::services::kms
