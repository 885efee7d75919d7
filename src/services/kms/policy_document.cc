// SPDX-License-Identifier: Apache-2.0
#include "services/kms/policy_document.h"

#include "policy/document.h"

namespace coffer::services::kms {

Status check_policy_document(const std::string& policy) {
  const auto document = policy::read_document(policy, policy::DocumentKind::kKey);
  if (document) return {};
  return fail(ErrorKind::kInvalidArgument, document.error().message, "MalformedPolicyDocumentException");
}

}  // namespace coffer::services::kms
