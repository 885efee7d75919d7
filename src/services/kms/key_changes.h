// SPDX-License-Identifier: Apache-2.0
// A call that changes one key's row: in its transaction the row is read again, and its state asked again, for
// another call or the worker may have changed it since.
#pragma once
#include <functional>
#include <string>

#include "services/kms/key_directory.h"

namespace coffer::services::kms {

// The row as it is now; NotFoundException, or what check_key_state says for the call's operation.
Result<catalog::Key> key_to_change(const Call& call, catalog::Transaction& transaction,
                                   const FoundKey& found);

// Commits `change` of the key's row (not its tags). Response has no members.
template <class Response>
Result<Response> change_key(Call& call, const FoundKey& found,
                            const std::function<Status(catalog::Key&)>& change) {
  return call.commit<Response>([&](catalog::Transaction& transaction) -> Result<Response> {
    COFFER_TRY(key, key_to_change(call, transaction, found));
    COFFER_CHECK(change(key));
    COFFER_CHECK(transaction.update_key(key));
    return Response{};
  });
}

}  // namespace coffer::services::kms
