// SPDX-License-Identifier: Apache-2.0
#include "services/kms/explained_use.h"

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

}  // namespace

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
