// SPDX-License-Identifier: Apache-2.0
// Which operation a KMS key allows in which state. Source: AWS KMS Developer Guide, "Key states of AWS KMS
// keys". Pure.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace coffer::services::kms {

// KeyState's values, as rows and answers have them.
namespace key_state {
inline constexpr const char* kCreating = "Creating";
inline constexpr const char* kEnabled = "Enabled";
inline constexpr const char* kDisabled = "Disabled";
inline constexpr const char* kPendingDeletion = "PendingDeletion";
inline constexpr const char* kPendingImport = "PendingImport";
inline constexpr const char* kPendingReplicaDeletion = "PendingReplicaDeletion";
inline constexpr const char* kUnavailable = "Unavailable";
inline constexpr const char* kUpdating = "Updating";
}  // namespace key_state

// May `operation` ("Encrypt") be done with the key that `arn` names, which is in `state`? DisabledException
// or KMSInvalidStateException, in AWS's words, where it may not. For UpdateAlias the key is the alias's new
// one. What depends on the key's kind (UnsupportedOperationException for imported material) is for the
// handler. kInternal for an operation that is not in the table.
Status check_state(std::string_view state, std::string_view operation, const std::string& arn);

}  // namespace coffer::services::kms
