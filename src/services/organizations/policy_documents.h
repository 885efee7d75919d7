// SPDX-License-Identifier: Apache-2.0
// What the documents of control policies may hold. Pure functions.
// Source: AWS Organizations User Guide, "SCP syntax", "RCP syntax", "Quotas for AWS Organizations".
#pragma once
#include <string>

#include "base/result.h"

namespace coffer::services::organizations {

// MalformedPolicyDocumentException with the cause; ConstraintViolationException for more than 5,120
// characters. A service control policy is an identity policy of version 2012-10-17. A resource control
// policy only denies, and names everybody: "Principal": "*".
Status check_policy_content(const std::string& content, const std::string& type);

}  // namespace coffer::services::organizations
