// SPDX-License-Identifier: Apache-2.0
#include "services/kms/explained_use.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "services/kms/last_use.h"

namespace coffer::services::kms {
namespace {

bool encrypts(std::string_view action) {
  constexpr std::array<std::string_view, 8> kActions = {"kms:Decrypt",
                                                        "kms:Encrypt",
                                                        "kms:GenerateDataKey",
                                                        "kms:GenerateDataKeyPair",
                                                        "kms:GenerateDataKeyPairWithoutPlaintext",
                                                        "kms:GenerateDataKeyWithoutPlaintext",
                                                        "kms:ReEncryptFrom",
                                                        "kms:ReEncryptTo"};
  return std::ranges::find(kActions, action) != kActions.end();
}

// Of the operations that keys of only some kinds have.
bool is_cryptographic(std::string_view operation) {
  constexpr std::array<std::string_view, 14> kOperations = {"Decrypt",
                                                            "DeriveSharedSecret",
                                                            "Encrypt",
                                                            "GenerateDataKey",
                                                            "GenerateDataKeyPair",
                                                            "GenerateDataKeyPairWithoutPlaintext",
                                                            "GenerateDataKeyWithoutPlaintext",
                                                            "GenerateMac",
                                                            "GetPublicKey",
                                                            "ReEncryptFrom",
                                                            "ReEncryptTo",
                                                            "Sign",
                                                            "Verify",
                                                            "VerifyMac"};
  return std::ranges::find(kOperations, operation) != kOperations.end();
}

}  // namespace

EncryptionContextPairs encryption_context_in(
    const std::vector<std::pair<std::string, std::string>>& condition_keys) {
  EncryptionContextPairs context;
  for (const auto& [key, value] : condition_keys)
    if (key.starts_with(kContextKeyPrefix)) context[key.substr(kContextKeyPrefix.size())] = value;
  return context;
}

std::string refusal_beside_policies(const FoundKey& found, const std::string& action) {
  const std::string_view operation = operation_of(action);
  const auto offered = grantable_operations(found.key);
  if (is_cryptographic(operation) && std::ranges::find(offered, operation) == offered.end())
    return fmt::format("a key of the usage {} and the spec {} has no {}.", found.key.usage, found.key.spec,
                       operation);
  const Status state = check_key_state(found, operation.starts_with("ReEncrypt") ? "ReEncrypt" : operation);
  return state || state.error().kind == ErrorKind::kInternal ? std::string() : state.error().message;
}

Status add_usual_conditions(Installation& installation, const std::string& action, const catalog::Key& key,
                            KeyRequest& said) {
  if (key.spec == "SYMMETRIC_DEFAULT" && encrypts(action)) said.encryption_algorithm = key.spec;
  if (action == "kms:CreateGrant" || action == "kms:RevokeGrant")
    said.condition.set("kms:GrantIsForAWSResource", std::string(said.via_service.empty() ? "false" : "true"));
  if (action == "kms:DisableKey" || action == "kms:ScheduleKeyDeletion")
    return add_days_without_use(installation, installation.clock.now(), key, said.condition);
  return {};
}

}  // namespace coffer::services::kms
