// SPDX-License-Identifier: Apache-2.0
// What CreateKey, PutKeyPolicy and ReplicateKey ask of a key policy. Source: KMS API Reference, PutKeyPolicy;
// AWS KMS Developer Guide, "Default key policy" and "Resource quotas".
#pragma once
#include <optional>
#include <string>

#include "services/kms/key_directory.h"

namespace coffer::services::kms {

inline constexpr size_t kLargestKeyPolicy = 32 * 1024;  // bytes

// LimitExceededException for one that is too large, MalformedPolicyDocumentException for one that is none, or
// under which the caller could not put another policy on `key` again. The last is not asked where `bypass` is
// true.
Status check_key_policy(Call& call, const FoundKey& key, const std::string& policy,
                        const std::optional<bool>& bypass);

}  // namespace coffer::services::kms
