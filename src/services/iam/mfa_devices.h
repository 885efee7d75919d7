// SPDX-License-Identifier: Apache-2.0
// Virtual MFA devices as their handlers find them. Thread-safe.
#pragma once
#include "services/iam/entities.h"

namespace coffer::services::iam {

// A device of the caller's account, once the caller may do the operation on it. NoSuchEntity.
Result<catalog::MfaDevice> find_device(Call& call, const std::string& serial_number,
                                       policy::Context context = {});
// In the operation's own transaction, and as it is now.
Result<catalog::MfaDevice> require_device(catalog::Transaction& transaction, const std::string& account,
                                          const std::string& serial_number);

}  // namespace coffer::services::iam
