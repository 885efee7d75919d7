// SPDX-License-Identifier: Apache-2.0
// What CreateKey, PutKeyPolicy and ReplicateKey ask of a key policy. Source: KMS API Reference, PutKeyPolicy;
// AWS KMS Developer Guide, "Default key policy" and "Resource quotas".
#pragma once
#include <optional>
#include <string>

#include "services/call.h"

namespace coffer::services::kms {

inline constexpr size_t kLargestKeyPolicy = 32 * 1024;  // bytes

// LimitExceededException for one that is too large, MalformedPolicyDocumentException for one that is none or
// that would lock the caller out.
Status check_key_policy(const Call& call, const std::string& policy, const std::optional<bool>& bypass);

// The lockout safety check: the policy must let the caller put another one. Asked unless `bypass` is true.
Status check_lockout(const Call& call, const std::string& policy);

}  // namespace coffer::services::kms
