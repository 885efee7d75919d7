// SPDX-License-Identifier: Apache-2.0
// GetKeyPolicy, PutKeyPolicy, ListKeyPolicies. A key has one policy, named "default".
#include "services/kms/key_access.h"
#include "services/kms/key_changes.h"
#include "services/kms/kms_service.h"
#include "services/kms/managed_keys.h"
#include "services/kms/policy_rules.h"
#include "services/page_token.h"

namespace coffer::services::kms {
namespace {

constexpr const char* kOnlyPolicy = "default";

Status check_policy_name(const std::optional<std::string>& name) {
  if (name.value_or(kOnlyPolicy) == kOnlyPolicy) return {};
  return fail(ErrorKind::kNotFound, "No such policy exists", "NotFoundException");
}

}  // namespace

Result<api::GetKeyPolicyResponse> KmsService::get_key_policy(Call& call,
                                                             const api::GetKeyPolicyRequest& request) {
  COFFER_TRY(found, find_key(call, "kms:GetKeyPolicy", request.key_id, AliasUse::kRefused));
  COFFER_CHECK(authorise_key(call, "kms:GetKeyPolicy", found));
  COFFER_CHECK(check_policy_name(request.policy_name));
  api::GetKeyPolicyResponse response;
  response.policy = found.key.policy;
  response.policy_name = kOnlyPolicy;
  return response;
}

Result<api::PutKeyPolicyResponse> KmsService::put_key_policy(Call& call,
                                                             const api::PutKeyPolicyRequest& request) {
  COFFER_TRY(found, find_key(call, "kms:PutKeyPolicy", request.key_id, AliasUse::kRefused));
  KeyRequest said;
  const bool bypass = request.bypass_policy_lockout_safety_check.value_or(false);
  said.condition.set("kms:BypassPolicyLockoutSafetyCheck", std::string(bypass ? "true" : "false"));
  COFFER_CHECK(authorise_key(call, "kms:PutKeyPolicy", found, said));
  COFFER_CHECK(refuse_managed(call, "kms:PutKeyPolicy", found));
  COFFER_CHECK(check_policy_name(request.policy_name));
  COFFER_CHECK(check_key_policy(call, found, request.policy, request.bypass_policy_lockout_safety_check));
  return change_key<api::PutKeyPolicyResponse>(call, found, [&](catalog::Key& key) -> Status {
    key.policy = request.policy;
    return {};
  });
}

Result<api::ListKeyPoliciesResponse> KmsService::list_key_policies(
    Call& call, const api::ListKeyPoliciesRequest& request) {
  COFFER_TRY(found, find_key(call, "kms:ListKeyPolicies", request.key_id, AliasUse::kRefused));
  COFFER_CHECK(authorise_key(call, "kms:ListKeyPolicies", found));
  COFFER_TRY(after, marker_position("ListKeyPolicies", request.marker));
  api::ListKeyPoliciesResponse response;
  response.policy_names.emplace();
  if (after.empty()) response.policy_names->emplace_back(kOnlyPolicy);
  response.truncated = false;
  return response;
}

}  // namespace coffer::services::kms
