// SPDX-License-Identifier: Apache-2.0
// What a role's trust policy may say when it is laid down. One that is stored is not asked again.
// Thread-safe.
#pragma once
#include <string>

#include "services/iam/iam_service.h"

namespace coffer::services::iam {

// MalformedPolicyDocument, LimitExceeded.
Status check_trust_policy(Call& call, const std::string& text);

}  // namespace coffer::services::iam
