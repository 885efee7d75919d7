// SPDX-License-Identifier: Apache-2.0
#include "services/kms/policy_rules.h"

#include "services/kms/policy_document.h"

namespace coffer::services::kms {

Status check_key_policy(const Call& call, const std::string& policy, const std::optional<bool>& bypass) {
  if (policy.size() > kLargestKeyPolicy)
    return fail(ErrorKind::kLimitExceeded, "The key policy document exceeds 32768 bytes.",
                "LimitExceededException");
  COFFER_CHECK(check_policy_document(policy));
  return bypass.value_or(false) ? Status() : check_lockout(call, policy);
}

// Asks nothing yet: it needs the evaluation of key policies.
Status check_lockout(const Call&, const std::string&) {
  return {};
}

}  // namespace coffer::services::kms
