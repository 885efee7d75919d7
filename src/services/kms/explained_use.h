// SPDX-License-Identifier: Apache-2.0
// What whoever explains a use of a key has to know beside key_access.h: what requests say where nothing else
// is given, and how the retirement of a grant is asked about. Thread-safe.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/kms/grant_rules.h"
#include "services/kms/key_access.h"

namespace coffer::services::kms {

// A condition key of the encryption context: this and the name.
inline constexpr std::string_view kContextKeyPrefix = "kms:EncryptionContext:";
// The encryption context that condition keys tell.
EncryptionContextPairs encryption_context_in(
    const std::vector<std::pair<std::string, std::string>>& condition_keys);

// Adds to `said` what every request of that action says of itself: kms:EncryptionAlgorithm of symmetric keys,
// kms:GrantIsForAWSResource, and for how long the key has not been used.
Status add_usual_conditions(Installation& installation, const std::string& action, const catalog::Key& key,
                            KeyRequest& said);

// Why KMS does not do this with the key as it is, whoever asks; empty where it does.
std::string refusal_beside_policies(const FoundKey& found, const std::string& action);

// Other accounts may do this with a key, if its policy lets them ("Cross-account use: Yes" in the KMS API
// Reference).
bool crosses_accounts(std::string_view action);

// Asks whether a principal of `account` may retire the grant (grants.cc). The grant itself says who may: its
// retiring principal, its grantee where RetireGrant is among its operations, and the account under which it
// was made.
Status ask_for_retirement(const catalog::Grant& grant, const FoundKey& found, const std::string& account,
                          const std::function<Status(const AccessQuestion&)>& ask);

}  // namespace coffer::services::kms
