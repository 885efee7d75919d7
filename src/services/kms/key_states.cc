// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_states.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace coffer::services::kms {
namespace {

enum class Answer {
  kYes,
  kDisabled,
  kPendingDeletion,
  kNotPendingDeletion,
  kPendingImport,
  kUnavailable,
  kCreating,
  kUpdating,
};
using enum Answer;

// The columns of the table.
constexpr std::array<std::string_view, 8> kStates = {
    key_state::kEnabled,       key_state::kDisabled,
    key_state::kPendingImport, key_state::kPendingDeletion,
    key_state::kUnavailable,   key_state::kCreating,
    key_state::kUpdating,      key_state::kPendingReplicaDeletion,
};
using Row = std::array<Answer, kStates.size()>;

// Its rows, of which many are alike. PendingReplicaDeletion, the last column, answers as PendingDeletion.
constexpr Row kAlways = {kYes, kYes, kYes, kYes, kYes, kYes, kYes, kYes};
constexpr Row kUse = {kYes,         kDisabled, kPendingImport, kPendingDeletion,
                      kUnavailable, kCreating, kYes,           kPendingDeletion};
constexpr Row kGrant = {kYes, kDisabled, kPendingImport, kPendingDeletion,
                        kYes, kCreating, kYes,           kPendingDeletion};
constexpr Row kChange = {kYes, kYes, kYes, kPendingDeletion, kYes, kYes, kYes, kPendingDeletion};
constexpr Row kSwitch = {kYes, kYes,      kPendingImport, kPendingDeletion,
                         kYes, kCreating, kUpdating,      kPendingDeletion};
constexpr Row kRotation = {kYes,         kDisabled, kPendingImport, kPendingDeletion,
                           kUnavailable, kCreating, kUpdating,      kPendingDeletion};
constexpr Row kImport = {kYes, kYes, kYes, kPendingDeletion, kYes, kCreating, kUpdating, kPendingDeletion};
constexpr Row kDelete = {kYes, kYes, kYes, kPendingDeletion, kYes, kCreating, kUpdating, kPendingDeletion};
constexpr Row kCancel = {kNotPendingDeletion, kNotPendingDeletion, kNotPendingDeletion, kYes,
                         kNotPendingDeletion, kNotPendingDeletion, kNotPendingDeletion, kYes};

struct Rule {
  std::string_view operation;
  Row row;
};
constexpr std::array kRules = {
    Rule{"CancelKeyDeletion", kCancel},
    Rule{"CreateAlias", kChange},
    Rule{"CreateGrant", kGrant},
    Rule{"Decrypt", kUse},
    Rule{"DeleteAlias", kAlways},
    Rule{"DeleteImportedKeyMaterial", kImport},
    Rule{"DeriveSharedSecret", kUse},
    Rule{"DescribeKey", kAlways},
    Rule{"DisableKey", kSwitch},
    Rule{"DisableKeyRotation", kRotation},
    Rule{"EnableKey", kSwitch},
    Rule{"EnableKeyRotation", kRotation},
    Rule{"Encrypt", kUse},
    Rule{"GenerateDataKey", kUse},
    Rule{"GenerateDataKeyPair", kUse},
    Rule{"GenerateDataKeyPairWithoutPlaintext", kUse},
    Rule{"GenerateDataKeyWithoutPlaintext", kUse},
    Rule{"GenerateMac", kUse},
    Rule{"GetKeyLastUsage", kAlways},
    Rule{"GetKeyPolicy", kAlways},
    Rule{"GetKeyRotationStatus", kAlways},
    Rule{"GetParametersForImport", kImport},
    Rule{"GetPublicKey", kUse},
    Rule{"ImportKeyMaterial", kImport},
    Rule{"ListAliases", kAlways},
    Rule{"ListGrants", kAlways},
    Rule{"ListKeyPolicies", kAlways},
    Rule{"ListKeyRotations", kAlways},
    Rule{"ListResourceTags", kAlways},
    Rule{"PutKeyPolicy", kAlways},
    Rule{"ReEncrypt", kUse},
    Rule{"ReplicateKey", kRotation},
    Rule{"RetireGrant", kAlways},
    Rule{"RevokeGrant", kAlways},
    Rule{"RotateKeyOnDemand", kRotation},
    Rule{"ScheduleKeyDeletion", kDelete},
    Rule{"Sign", kUse},
    Rule{"TagResource", kChange},
    Rule{"UntagResource", kChange},
    Rule{"UpdateAlias", kChange},
    Rule{"UpdateKeyDescription", kChange},
    Rule{"UpdatePrimaryRegion", kRotation},
    Rule{"Verify", kUse},
    Rule{"VerifyMac", kUse},
};
static_assert(std::ranges::is_sorted(kRules, {}, &Rule::operation));

tl::unexpected<Error> invalid_state(const std::string& arn, const char* is) {
  return fail(ErrorKind::kConflict, fmt::format("{} is {}.", arn, is), "KMSInvalidStateException");
}

Status refusal(Answer answer, const std::string& arn) {
  switch (answer) {
    case kYes:
      return {};
    case kDisabled:
      return fail(ErrorKind::kConflict, fmt::format("{} is disabled.", arn), "DisabledException");
    case kPendingDeletion:
      return invalid_state(arn, "pending deletion");
    case kNotPendingDeletion:
      return invalid_state(arn, "not pending deletion");
    case kPendingImport:
      return invalid_state(arn, "pending import");
    case kUnavailable:
      return invalid_state(arn, "unavailable");
    case kCreating:
      return invalid_state(arn, "creating");
    case kUpdating:
      return invalid_state(arn, "updating");
  }
  return {};
}

}  // namespace

Status check_state(std::string_view state, std::string_view operation, const std::string& arn) {
  const auto rule = std::ranges::lower_bound(kRules, operation, {}, &Rule::operation);
  const auto column = std::ranges::find(kStates, state);
  if (rule == kRules.end() || rule->operation != operation || column == kStates.end())
    return fail(ErrorKind::kInternal, fmt::format("no rule for {} of a key that is {}", operation, state));
  return refusal(rule->row[static_cast<size_t>(column - kStates.begin())], arn);
}

}  // namespace coffer::services::kms
