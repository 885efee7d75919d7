// SPDX-License-Identifier: Apache-2.0
#include "services/organizations/delegation.h"

#include <algorithm>
#include <array>

#include "services/known_principals.h"
#include "services/organizations/names.h"
#include "services/stored_policy.h"

namespace coffer::services::organizations {
namespace {

bool only_reads(const std::string& operation) {
  return operation.starts_with("Describe") || operation.starts_with("List");
}

// Beside what only reads, the management of policies; what is not among them is the management account's.
bool may_be_delegated(const std::string& operation) {
  constexpr std::array<std::string_view, 9> kManagement = {
      "AttachPolicy",     "CreatePolicy", "DeletePolicy", "DetachPolicy", "DisablePolicyType",
      "EnablePolicyType", "UpdatePolicy", "TagResource",  "UntagResource"};
  return only_reads(operation) || std::ranges::find(kManagement, operation) != kManagement.end();
}

// Those that are not the management account's alone: each account's own affairs.
bool is_for_members(const std::string& operation) {
  constexpr std::array<std::string_view, 8> kTheirs = {
      "AcceptHandshake",   "CreateOrganization",   "DeclineHandshake",  "DescribeEffectivePolicy",
      "DescribeHandshake", "DescribeOrganization", "LeaveOrganization", "ListHandshakesForAccount"};
  return std::ranges::find(kTheirs, operation) != kTheirs.end();
}

struct Delegated {
  bool administrator = false;
  std::optional<catalog::OrganizationResourcePolicy> policy;
};

Result<Delegated> read_delegated(Installation& installation, const std::string& account,
                                 const Organization& organization) {
  Delegated delegated;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(administrator, is_delegated_administrator(transaction, organization, account));
    delegated.administrator = administrator;
    COFFER_TRY(policy, transaction.organization_resource_policy(organization.id));
    delegated.policy = std::move(policy);
    return {};
  }));
  return delegated;
}

// As a resource of the management account's: the policy has to name the caller, and the caller's own have to
// allow.
Result<bool> allows(Installation& installation, const Organization& organization,
                    const catalog::OrganizationResourcePolicy& policy,
                    const std::vector<AskedResource>& resources, const Decide& decide) {
  COFFER_TRY(document, read_stored_policy(*installation.documents, policy.content,
                                          policy::DocumentKind::kResource, "resource policy " + policy.id));
  const policy::AttachedPolicy attached{policy.id, document.get()};
  for (const auto& resource : resources) {
    COFFER_TRY(decision, decide({.action = resource.action,
                                 .resource = resource.arn,
                                 .resource_account = organization.management_account,
                                 .resource_policy = &attached,
                                 .context = resource.context}));
    if (!decision.allowed()) return false;
  }
  return true;
}

}  // namespace

Result<bool> is_delegated_administrator(catalog::Transaction& transaction, const Organization& organization,
                                        const std::string& account) {
  COFFER_TRY(all, transaction.delegated_administrators(organization.id));
  return std::ranges::find(all, account, &catalog::DelegatedAdministrator::account) != all.end();
}

Result<bool> is_delegated(Installation& installation, const std::string& account,
                          const std::string& operation, const Organization& organization,
                          const std::vector<AskedResource>& resources, const Decide& decide) {
  if (!may_be_delegated(operation)) return false;
  COFFER_TRY(delegated, read_delegated(installation, account, organization));
  if (delegated.administrator && only_reads(operation)) return true;
  if (!delegated.policy) return false;
  return allows(installation, organization, *delegated.policy, resources, decide);
}

Result<std::optional<std::string>> refusal_of_member(Installation& installation, const std::string& account,
                                                     const std::string& action, const std::string& resource,
                                                     const policy::Context& context, const Decide& decide) {
  const std::string operation = action.substr(action.find(':') + 1);
  if (is_for_members(operation)) return std::optional<std::string>();
  std::optional<Organization> organization;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.organization_of(account));
    organization = std::move(found);
    return {};
  }));
  // Without an organization the call ends otherwise.
  if (!organization || organization->management_account == account) return std::optional<std::string>();
  COFFER_TRY(delegated, is_delegated(installation, account, operation, *organization,
                                     {{action, resource, context}}, decide));
  if (delegated) return std::optional<std::string>();
  return std::optional<std::string>(
      "because it is for the organization's management account, which has not delegated it");
}

Status check_service_principal(const std::string& service) {
  if (is_service_principal(service)) return {};
  return invalid_input("UNRECOGNIZED_SERVICE_PRINCIPAL", "You specified an unrecognized service principal.");
}

policy::Context service_key(const std::string& service) {
  policy::Context context;
  context.set("organizations:ServicePrincipal", service);
  return context;
}

}  // namespace coffer::services::organizations
