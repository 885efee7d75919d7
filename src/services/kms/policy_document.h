// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "base/result.h"

namespace coffer::services::kms {
// Is it a key policy? MalformedPolicyDocumentException otherwise: what could never be evaluated stays out of
// the catalog.
Status check_policy_document(const std::string& policy);
}  // namespace coffer::services::kms
