// SPDX-License-Identifier: Apache-2.0
// When a KMS key was last used, as GetKeyLastUsage tells and policies may ask. Source: KMS API Reference,
// GetKeyLastUsage; AWS KMS Developer Guide, "Condition keys for AWS KMS".
#pragma once
#include <optional>

#include "services/call.h"

namespace coffer::services::kms {

struct LastUse {
  std::optional<catalog::KeyUsage> usage;
  Timestamp tracking_started;  // for this key: not before it was made
};
Result<LastUse> last_use(Installation& installation, const catalog::Key& key);

// kms:TrailingDaysWithoutKeyUsage: whole days since the last use, or since uses have been noted.
Status add_days_without_use(Installation& installation, Timestamp now, const catalog::Key& key,
                            policy::Context& condition);

}  // namespace coffer::services::kms
