// SPDX-License-Identifier: Apache-2.0
// GetAccountSummary, GetAccountPasswordPolicy, ListAccountAliases, CreateAccountAlias, DeleteAccountAlias.
#include <fmt/format.h>

#include "services/iam/entities.h"
#include "services/iam/quotas.h"

namespace coffer::services::iam {
namespace {

// The quotas that hold here (IAM User Guide, "IAM and STS quotas"). Those without one are AWS's, which nobody
// is held to.
void add_quotas(std::map<std::string, int32_t>& summary) {
  const std::map<std::string, int32_t> quotas = {
      {"UsersQuota", kUsersQuota.most},
      {"GroupsQuota", kGroupsQuota.most},
      {"RolesQuota", kRolesQuota.most},
      {"PoliciesQuota", kPoliciesQuota.most},
      {"PolicyVersionsInUseQuota", 10000},
      {"InstanceProfilesQuota", kInstanceProfilesQuota.most},
      {"ServerCertificatesQuota", 20},
      {"AccessKeysPerUserQuota", 2},
      {"SigningCertificatesPerUserQuota", 2},
      {"GroupsPerUserQuota", 10},
      {"UserPolicySizeQuota", static_cast<int32_t>(kUser.longest_inline_policies)},
      {"GroupPolicySizeQuota", static_cast<int32_t>(kGroup.longest_inline_policies)},
      {"RolePolicySizeQuota", static_cast<int32_t>(kRole.longest_inline_policies)},
      {"AssumeRolePolicySizeQuota", 2048},
      {"PolicySizeQuota", 6144},
      {"VersionsPerPolicyQuota", 5},
      {"AttachedPoliciesPerUserQuota", 10},
      {"AttachedPoliciesPerGroupQuota", 10},
      {"AttachedPoliciesPerRoleQuota", 10},
      {"GlobalEndpointTokenVersion", 1},
  };
  summary.insert(quotas.begin(), quotas.end());
}

tl::unexpected<Error> alias_exists(const std::string& alias) {
  return fail(ErrorKind::kConflict, fmt::format("The account alias {} already exists.", alias),
              "EntityAlreadyExists");
}

}  // namespace

Result<api::GetAccountSummaryResponse> IamService::get_account_summary(Call& call,
                                                                       const api::GetAccountSummaryRequest&) {
  COFFER_CHECK(call.authorise("iam:GetAccountSummary", "*"));
  catalog::IamCounts counts;
  bool has_root_keys = false;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(counted, transaction.count_iam(call.account));
    counts = counted;
    COFFER_TRY(keys, transaction.access_keys_of(call.account, ""));
    has_root_keys = !keys.empty();
    return {};
  }));
  std::map<std::string, int32_t> summary = {
      {"Users", counts.users},
      {"Groups", counts.groups},
      {"Roles", counts.roles},
      {"Policies", counts.policies},
      {"PolicyVersionsInUse", counts.policy_versions},
      {"InstanceProfiles", counts.instance_profiles},
      {"Providers", counts.providers},
      {"AccountAccessKeysPresent", has_root_keys ? 1 : 0},
      {"AccountPasswordPresent", 0},
      {"AccountSigningCertificatesPresent", 0},
      {"AccountMFAEnabled", 0},  // the root user's
      {"MFADevices", counts.mfa_devices},
      {"MFADevicesInUse", counts.mfa_devices_in_use},
      {"ServerCertificates", 0},
  };
  add_quotas(summary);
  return api::GetAccountSummaryResponse{std::move(summary)};
}

// There are no passwords here, and so no policy for them.
Result<api::GetAccountPasswordPolicyResponse> IamService::get_account_password_policy(
    Call& call, const api::GetAccountPasswordPolicyRequest&) {
  COFFER_CHECK(call.authorise("iam:GetAccountPasswordPolicy", "*"));
  return no_such_entity(
      fmt::format("The Password Policy with domain name {} cannot be found.", call.account));
}

Result<api::ListAccountAliasesResponse> IamService::list_account_aliases(
    Call& call, const api::ListAccountAliasesRequest&) {
  COFFER_CHECK(call.authorise("iam:ListAccountAliases", "*"));
  api::ListAccountAliasesResponse response;
  response.account_aliases.emplace();
  response.is_truncated = false;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(alias, transaction.account_alias(call.account));
    if (alias) response.account_aliases->push_back(std::move(*alias));
    return {};
  }));
  return response;
}

// "An account can have only one alias": another takes the place of the one before.
Result<api::CreateAccountAliasResponse> IamService::create_account_alias(
    Call& call, const api::CreateAccountAliasRequest& request) {
  COFFER_CHECK(call.authorise("iam:CreateAccountAlias", "*"));
  return change<api::CreateAccountAliasResponse>(call, [&](catalog::Transaction& transaction) -> Status {
    auto stored = transaction.set_account_alias(call.account, request.account_alias);
    if (!stored && stored.error().kind == ErrorKind::kConflict) return alias_exists(request.account_alias);
    return stored;
  });
}

Result<api::DeleteAccountAliasResponse> IamService::delete_account_alias(
    Call& call, const api::DeleteAccountAliasRequest& request) {
  COFFER_CHECK(call.authorise("iam:DeleteAccountAlias", "*"));
  return change<api::DeleteAccountAliasResponse>(call, [&](catalog::Transaction& transaction) -> Status {
    auto removed = transaction.remove_account_alias(call.account, request.account_alias);
    if (!removed && removed.error().kind == ErrorKind::kNotFound)
      return no_such_entity(
          fmt::format("The account alias with name {} cannot be found.", request.account_alias));
    return removed;
  });
}

}  // namespace coffer::services::iam
