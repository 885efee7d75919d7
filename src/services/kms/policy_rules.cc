// SPDX-License-Identifier: Apache-2.0
#include "services/kms/policy_rules.h"

#include "services/kms/key_access.h"
#include "services/kms/policy_document.h"
#include "services/known_principals.h"

namespace coffer::services::kms {
namespace {

Status check_lockout(Call& call, const FoundKey& key, const std::string& policy) {
  FoundKey after = key;
  after.key.policy = policy;
  if (authorise_key(call, "kms:PutKeyPolicy", after)) return {};
  return fail(ErrorKind::kInvalidArgument,
              "The new key policy will not allow you to update the key policy in the future.",
              "MalformedPolicyDocumentException");
}

}  // namespace

Status check_key_policy(Call& call, const FoundKey& key, const std::string& policy,
                        const std::optional<bool>& bypass) {
  if (policy.size() > kLargestKeyPolicy)
    return fail(ErrorKind::kLimitExceeded, "The key policy document exceeds 32768 bytes.",
                "LimitExceededException");
  COFFER_CHECK(check_policy_document(policy));
  COFFER_TRY(document, call.installation.documents->read(policy, policy::DocumentKind::kKey));
  COFFER_TRY(unknown, unknown_principal(call.installation.catalog, *document));
  if (unknown)
    return fail(ErrorKind::kInvalidArgument,
                "Policy contains a statement with one or more invalid principals.",
                "MalformedPolicyDocumentException");
  return bypass.value_or(false) ? Status() : check_lockout(call, key, policy);
}

}  // namespace coffer::services::kms
