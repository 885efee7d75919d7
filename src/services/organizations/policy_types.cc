// SPDX-License-Identifier: Apache-2.0
// EnablePolicyType, DisablePolicyType, DescribeEffectivePolicy.
#include "services/organizations/names.h"
#include "services/organizations/organization_policies.h"
#include "services/organizations/shapes.h"
#include "services/organizations/tree.h"

namespace coffer::services::organizations {
namespace {

// AWS's own policy, on everything in the tree.
Status attach_everywhere(catalog::Transaction& transaction, const Organization& organization,
                         const std::string& type) {
  const std::string policy(managed_policy_of(type)->id);
  const auto attach = [&](const std::string& target) {
    return transaction.attach_organization_policy({organization.id, target, type, policy});
  };
  constexpr size_t kAll = SIZE_MAX >> 1;
  COFFER_CHECK(attach(organization.root_id));
  COFFER_TRY(units, transaction.organizational_units(organization.id, "", "", kAll));
  for (const auto& unit : units) COFFER_CHECK(attach(unit.id));
  COFFER_TRY(members, transaction.member_accounts(organization.id, "", "", kAll));
  for (const auto& member : members) COFFER_CHECK(attach(member.account));
  return {};
}

Status require_root(const Organization& organization, const std::string& id) {
  if (id == organization.root_id) return {};
  return not_found("Root");
}

}  // namespace

Result<api::EnablePolicyTypeResponse> OrganizationsService::enable_policy_type(
    Call& call, const api::EnablePolicyTypeRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.root_id}, type_key(request.policy_type)));
  return change<api::EnablePolicyTypeResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction, Organization& current) -> Result<api::EnablePolicyTypeResponse> {
        COFFER_CHECK(require_root(current, request.root_id));
        COFFER_CHECK(require_available(current, request.policy_type));
        bool& enabled = enabled_flag(current, request.policy_type);
        if (enabled)
          return conflict("PolicyTypeAlreadyEnabledException",
                          "The specified policy type is already enabled.");
        enabled = true;
        COFFER_CHECK(transaction.update_organization(current));
        COFFER_CHECK(attach_everywhere(transaction, current, request.policy_type));
        return api::EnablePolicyTypeResponse{api_root(current)};
      });
}

// "If you disable a policy type for a root, you can no longer attach policies of that type", and those that
// are attached are detached (User Guide, "Disabling a policy type").
Result<api::DisablePolicyTypeResponse> OrganizationsService::disable_policy_type(
    Call& call, const api::DisablePolicyTypeRequest& request) {
  COFFER_TRY(organization, authorise_manager(call, {request.root_id}, type_key(request.policy_type)));
  return change<api::DisablePolicyTypeResponse>(
      call, organization.id,
      [&](catalog::Transaction& transaction,
          Organization& current) -> Result<api::DisablePolicyTypeResponse> {
        COFFER_CHECK(require_root(current, request.root_id));
        if (managed_policy_of(request.policy_type) == nullptr)
          return conflict("PolicyTypeNotEnabledException",
                          "This operation can be performed only for enabled policy types.");
        COFFER_CHECK(require_enabled(current, request.policy_type));
        enabled_flag(current, request.policy_type) = false;
        COFFER_CHECK(transaction.update_organization(current));
        COFFER_CHECK(transaction.detach_organization_policies(current.id, request.policy_type));
        return api::DisablePolicyTypeResponse{api_root(current)};
      });
}

// "This operation applies only to management policies. It does not apply to authorization policies: service
// control policies (SCPs) and resource control policies (RCPs)" (API Reference); the model refuses those
// types, and of the others there are none.
Result<api::DescribeEffectivePolicyResponse> OrganizationsService::describe_effective_policy(
    Call& call, const api::DescribeEffectivePolicyRequest& request) {
  COFFER_TRY(organization, authorise_member(call, {request.target_id.value_or(call.account)},
                                            type_key(request.policy_type)));
  if (request.target_id && *request.target_id != call.account &&
      organization.management_account != call.account)
    return not_for_members();
  return fail(ErrorKind::kNotFound, "There is no effective policy of this type.",
              "EffectivePolicyNotFoundException");
}

}  // namespace coffer::services::organizations
