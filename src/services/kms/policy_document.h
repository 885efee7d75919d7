// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "base/result.h"

namespace coffer::services::kms {
// Is it a JSON object with a Statement? MalformedPolicyDocumentException otherwise. The policy engine
// evaluates it in a later part; this keeps what could never be evaluated out of the catalog.
Status check_policy_document(const std::string& policy);
}  // namespace coffer::services::kms
