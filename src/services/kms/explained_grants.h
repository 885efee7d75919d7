// SPDX-License-Identifier: Apache-2.0
// What grants on a key say of an action beside those that allow it: for whoever explains.
#pragma once
#include <string_view>
#include <vector>

#include "services/kms/grant_rules.h"
#include "services/kms/key_directory.h"

namespace coffer::services::kms {

// Those on the key to principals of these names that name the action's operation and whose constraint
// `context` does not meet: of each constraint the first. None for an action of another service. Thread-safe.
Result<std::vector<catalog::Grant>> unmet_grants(Installation& installation, const FoundKey& key,
                                                 std::string_view action,
                                                 const EncryptionContextPairs& context,
                                                 const std::vector<std::string>& names);

// Whom grants on the key allow the action's operation, under whatever constraint: each once.
Result<std::vector<std::string>> grantees(Installation& installation, const FoundKey& key,
                                          std::string_view action);

// "the grant ID, if the encryption context contained team=a"
std::string when_met(const catalog::Grant& grant);

}  // namespace coffer::services::kms
