// SPDX-License-Identifier: Apache-2.0
#include "services/kms/policy_document.h"

#include <nlohmann/json.hpp>

namespace coffer::services::kms {

Status check_policy_document(const std::string& policy) {
  const auto document = nlohmann::json::parse(policy, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded() || !document.is_object() || !document.contains("Statement"))
    return fail(ErrorKind::kInvalidArgument, "The new key policy is not a valid policy document.",
                "MalformedPolicyDocumentException");
  return {};
}

}  // namespace coffer::services::kms
