// SPDX-License-Identifier: Apache-2.0
// The API of AWS Organizations: one organization's tree of units and accounts, and the control policies on
// it. What these decide is in services/account_organization.h. One file an operation family, named below.
// Thread-safe; keeps no state. Each handler asks for its own permission, on the ARN that it is about.
// Source: AWS Organizations API Reference; Organizations User Guide, "Quotas for AWS Organizations".
#pragma once
#include "generated/organizations/model.h"
#include "services/call.h"

namespace coffer::services::organizations {

namespace api = coffer::organizations;  // the generated shapes

class OrganizationsService final : public api::Handlers {
 public:
  // organization.cc
  Result<api::CreateOrganizationResponse> create_organization(
      Call& call, const api::CreateOrganizationRequest& request) override;
  Result<api::DescribeOrganizationResponse> describe_organization(
      Call& call, const api::DescribeOrganizationRequest& request) override;
  Result<api::DeleteOrganizationResponse> delete_organization(
      Call& call, const api::DeleteOrganizationRequest& request) override;
  Result<api::ListRootsResponse> list_roots(Call& call, const api::ListRootsRequest& request) override;
  // units.cc
  Result<api::CreateOrganizationalUnitResponse> create_organizational_unit(
      Call& call, const api::CreateOrganizationalUnitRequest& request) override;
  Result<api::UpdateOrganizationalUnitResponse> update_organizational_unit(
      Call& call, const api::UpdateOrganizationalUnitRequest& request) override;
  Result<api::DeleteOrganizationalUnitResponse> delete_organizational_unit(
      Call& call, const api::DeleteOrganizationalUnitRequest& request) override;
  Result<api::DescribeOrganizationalUnitResponse> describe_organizational_unit(
      Call& call, const api::DescribeOrganizationalUnitRequest& request) override;
  Result<api::ListOrganizationalUnitsForParentResponse> list_organizational_units_for_parent(
      Call& call, const api::ListOrganizationalUnitsForParentRequest& request) override;
  // tree_lists.cc
  Result<api::ListParentsResponse> list_parents(Call& call, const api::ListParentsRequest& request) override;
  Result<api::ListChildrenResponse> list_children(Call& call,
                                                  const api::ListChildrenRequest& request) override;
  // account_creation.cc
  Result<api::CreateAccountResponse> create_account(Call& call,
                                                    const api::CreateAccountRequest& request) override;
  Result<api::DescribeCreateAccountStatusResponse> describe_create_account_status(
      Call& call, const api::DescribeCreateAccountStatusRequest& request) override;
  Result<api::ListCreateAccountStatusResponse> list_create_account_status(
      Call& call, const api::ListCreateAccountStatusRequest& request) override;
  // accounts.cc
  Result<api::ListAccountsResponse> list_accounts(Call& call,
                                                  const api::ListAccountsRequest& request) override;
  Result<api::ListAccountsForParentResponse> list_accounts_for_parent(
      Call& call, const api::ListAccountsForParentRequest& request) override;
  Result<api::DescribeAccountResponse> describe_account(Call& call,
                                                        const api::DescribeAccountRequest& request) override;
  Result<api::MoveAccountResponse> move_account(Call& call, const api::MoveAccountRequest& request) override;
  Result<api::RemoveAccountFromOrganizationResponse> remove_account_from_organization(
      Call& call, const api::RemoveAccountFromOrganizationRequest& request) override;
  Result<api::LeaveOrganizationResponse> leave_organization(
      Call& call, const api::LeaveOrganizationRequest& request) override;
  // account_closing.cc
  Result<api::CloseAccountResponse> close_account(Call& call,
                                                  const api::CloseAccountRequest& request) override;
  // delegated_administrators.cc
  Result<api::RegisterDelegatedAdministratorResponse> register_delegated_administrator(
      Call& call, const api::RegisterDelegatedAdministratorRequest& request) override;
  Result<api::DeregisterDelegatedAdministratorResponse> deregister_delegated_administrator(
      Call& call, const api::DeregisterDelegatedAdministratorRequest& request) override;
  Result<api::ListDelegatedAdministratorsResponse> list_delegated_administrators(
      Call& call, const api::ListDelegatedAdministratorsRequest& request) override;
  Result<api::ListDelegatedServicesForAccountResponse> list_delegated_services_for_account(
      Call& call, const api::ListDelegatedServicesForAccountRequest& request) override;
  // trusted_services.cc
  Result<api::EnableAWSServiceAccessResponse> enable_aws_service_access(
      Call& call, const api::EnableAWSServiceAccessRequest& request) override;
  Result<api::DisableAWSServiceAccessResponse> disable_aws_service_access(
      Call& call, const api::DisableAWSServiceAccessRequest& request) override;
  Result<api::ListAWSServiceAccessForOrganizationResponse> list_aws_service_access_for_organization(
      Call& call, const api::ListAWSServiceAccessForOrganizationRequest& request) override;
  // resource_policy.cc
  Result<api::PutResourcePolicyResponse> put_resource_policy(
      Call& call, const api::PutResourcePolicyRequest& request) override;
  Result<api::DescribeResourcePolicyResponse> describe_resource_policy(
      Call& call, const api::DescribeResourcePolicyRequest& request) override;
  Result<api::DeleteResourcePolicyResponse> delete_resource_policy(
      Call& call, const api::DeleteResourcePolicyRequest& request) override;
  // handshakes.cc
  Result<api::InviteAccountToOrganizationResponse> invite_account_to_organization(
      Call& call, const api::InviteAccountToOrganizationRequest& request) override;
  Result<api::AcceptHandshakeResponse> accept_handshake(Call& call,
                                                        const api::AcceptHandshakeRequest& request) override;
  Result<api::DeclineHandshakeResponse> decline_handshake(
      Call& call, const api::DeclineHandshakeRequest& request) override;
  Result<api::CancelHandshakeResponse> cancel_handshake(Call& call,
                                                        const api::CancelHandshakeRequest& request) override;
  Result<api::DescribeHandshakeResponse> describe_handshake(
      Call& call, const api::DescribeHandshakeRequest& request) override;
  Result<api::ListHandshakesForAccountResponse> list_handshakes_for_account(
      Call& call, const api::ListHandshakesForAccountRequest& request) override;
  Result<api::ListHandshakesForOrganizationResponse> list_handshakes_for_organization(
      Call& call, const api::ListHandshakesForOrganizationRequest& request) override;
  // policy_types.cc
  Result<api::EnablePolicyTypeResponse> enable_policy_type(
      Call& call, const api::EnablePolicyTypeRequest& request) override;
  Result<api::DisablePolicyTypeResponse> disable_policy_type(
      Call& call, const api::DisablePolicyTypeRequest& request) override;
  Result<api::DescribeEffectivePolicyResponse> describe_effective_policy(
      Call& call, const api::DescribeEffectivePolicyRequest& request) override;
  // policies.cc
  Result<api::CreatePolicyResponse> create_policy(Call& call,
                                                  const api::CreatePolicyRequest& request) override;
  Result<api::UpdatePolicyResponse> update_policy(Call& call,
                                                  const api::UpdatePolicyRequest& request) override;
  Result<api::DeletePolicyResponse> delete_policy(Call& call,
                                                  const api::DeletePolicyRequest& request) override;
  Result<api::DescribePolicyResponse> describe_policy(Call& call,
                                                      const api::DescribePolicyRequest& request) override;
  Result<api::ListPoliciesResponse> list_policies(Call& call,
                                                  const api::ListPoliciesRequest& request) override;
  // attachments.cc
  Result<api::AttachPolicyResponse> attach_policy(Call& call,
                                                  const api::AttachPolicyRequest& request) override;
  Result<api::DetachPolicyResponse> detach_policy(Call& call,
                                                  const api::DetachPolicyRequest& request) override;
  Result<api::ListPoliciesForTargetResponse> list_policies_for_target(
      Call& call, const api::ListPoliciesForTargetRequest& request) override;
  Result<api::ListTargetsForPolicyResponse> list_targets_for_policy(
      Call& call, const api::ListTargetsForPolicyRequest& request) override;
  // tags.cc
  Result<api::TagResourceResponse> tag_resource(Call& call, const api::TagResourceRequest& request) override;
  Result<api::UntagResourceResponse> untag_resource(Call& call,
                                                    const api::UntagResourceRequest& request) override;
  Result<api::ListTagsForResourceResponse> list_tags_for_resource(
      Call& call, const api::ListTagsForResourceRequest& request) override;
};

}  // namespace coffer::services::organizations
