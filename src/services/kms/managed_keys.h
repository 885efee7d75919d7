// SPDX-License-Identifier: Apache-2.0
// AWS managed keys: each is the default key of one service, has a predefined alias, is made when it is first
// asked for, rotates every year, and can be changed by nobody. Source: AWS KMS Developer Guide, "AWS managed
// keys"; the key policies are those that AWS gives these keys.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "services/kms/key_directory.h"

namespace coffer::services::kms {

struct ManagedKeyKind {
  std::string_view alias;  // "alias/aws/ebs"
  std::string_view description;
  std::string_view policy_id, policy_sid;
  std::string_view via_service;  // whose ViaService the policy wants: "ec2"
  bool with_grants;              // the service makes grants on the key
};

// By alias.
std::span<const ManagedKeyKind> managed_key_kinds();
const ManagedKeyKind* managed_key_kind(std::string_view alias);

std::string managed_key_policy(const ManagedKeyKind& kind, std::string_view region, std::string_view account);

// The caller's. If it does not exist it is made, together with its alias, for who may do `action` with it;
// AccessDeniedException for others.
Result<FoundKey> managed_key(Call& call, const ManagedKeyKind& kind, const std::string& action);

// AccessDeniedException for `action`, which changes a key, where the key is AWS's.
Status refuse_managed(const Call& call, const std::string& action, const FoundKey& found);

}  // namespace coffer::services::kms
