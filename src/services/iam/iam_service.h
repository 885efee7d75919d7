// SPDX-License-Identifier: Apache-2.0
// The IAM API: users, groups, roles, access keys and their policies. One file an operation family, named
// below. Thread-safe; keeps no state. Each handler asks for its own permission, on the ARN that it is about.
// Source: IAM API Reference; IAM User Guide, "IAM and STS quotas".
#pragma once
#include "generated/iam/model.h"
#include "services/call.h"

namespace coffer::services::iam {

namespace api = coffer::iam;  // the generated shapes

class IamService final : public api::Handlers {
 public:
  // users.cc
  Result<api::CreateUserResponse> create_user(Call& call, const api::CreateUserRequest& request) override;
  Result<api::GetUserResponse> get_user(Call& call, const api::GetUserRequest& request) override;
  Result<api::ListUsersResponse> list_users(Call& call, const api::ListUsersRequest& request) override;
  Result<api::UpdateUserResponse> update_user(Call& call, const api::UpdateUserRequest& request) override;
  Result<api::DeleteUserResponse> delete_user(Call& call, const api::DeleteUserRequest& request) override;
  // access_keys.cc
  Result<api::CreateAccessKeyResponse> create_access_key(Call& call,
                                                         const api::CreateAccessKeyRequest& request) override;
  Result<api::ListAccessKeysResponse> list_access_keys(Call& call,
                                                       const api::ListAccessKeysRequest& request) override;
  Result<api::UpdateAccessKeyResponse> update_access_key(Call& call,
                                                         const api::UpdateAccessKeyRequest& request) override;
  Result<api::DeleteAccessKeyResponse> delete_access_key(Call& call,
                                                         const api::DeleteAccessKeyRequest& request) override;
  Result<api::GetAccessKeyLastUsedResponse> get_access_key_last_used(
      Call& call, const api::GetAccessKeyLastUsedRequest& request) override;
  // roles.cc
  Result<api::CreateRoleResponse> create_role(Call& call, const api::CreateRoleRequest& request) override;
  Result<api::GetRoleResponse> get_role(Call& call, const api::GetRoleRequest& request) override;
  Result<api::ListRolesResponse> list_roles(Call& call, const api::ListRolesRequest& request) override;
  Result<api::UpdateRoleResponse> update_role(Call& call, const api::UpdateRoleRequest& request) override;
  Result<api::UpdateAssumeRolePolicyResponse> update_assume_role_policy(
      Call& call, const api::UpdateAssumeRolePolicyRequest& request) override;
  Result<api::DeleteRoleResponse> delete_role(Call& call, const api::DeleteRoleRequest& request) override;
  Result<api::UpdateRoleDescriptionResponse> update_role_description(
      Call& call, const api::UpdateRoleDescriptionRequest& request) override;
  // explain_access.cc
  Result<api::ExplainAccessResponse> explain_access(Call& call,
                                                    const api::ExplainAccessRequest& request) override;
  // groups.cc
  Result<api::CreateGroupResponse> create_group(Call& call, const api::CreateGroupRequest& request) override;
  Result<api::GetGroupResponse> get_group(Call& call, const api::GetGroupRequest& request) override;
  Result<api::ListGroupsResponse> list_groups(Call& call, const api::ListGroupsRequest& request) override;
  Result<api::DeleteGroupResponse> delete_group(Call& call, const api::DeleteGroupRequest& request) override;
  Result<api::AddUserToGroupResponse> add_user_to_group(Call& call,
                                                        const api::AddUserToGroupRequest& request) override;
  Result<api::RemoveUserFromGroupResponse> remove_user_from_group(
      Call& call, const api::RemoveUserFromGroupRequest& request) override;
  Result<api::ListGroupsForUserResponse> list_groups_for_user(
      Call& call, const api::ListGroupsForUserRequest& request) override;
  Result<api::UpdateGroupResponse> update_group(Call& call, const api::UpdateGroupRequest& request) override;
  // inline_policies.cc
  Result<api::PutUserPolicyResponse> put_user_policy(Call& call,
                                                     const api::PutUserPolicyRequest& request) override;
  Result<api::GetUserPolicyResponse> get_user_policy(Call& call,
                                                     const api::GetUserPolicyRequest& request) override;
  Result<api::ListUserPoliciesResponse> list_user_policies(
      Call& call, const api::ListUserPoliciesRequest& request) override;
  Result<api::DeleteUserPolicyResponse> delete_user_policy(
      Call& call, const api::DeleteUserPolicyRequest& request) override;
  Result<api::PutRolePolicyResponse> put_role_policy(Call& call,
                                                     const api::PutRolePolicyRequest& request) override;
  Result<api::GetRolePolicyResponse> get_role_policy(Call& call,
                                                     const api::GetRolePolicyRequest& request) override;
  Result<api::ListRolePoliciesResponse> list_role_policies(
      Call& call, const api::ListRolePoliciesRequest& request) override;
  Result<api::DeleteRolePolicyResponse> delete_role_policy(
      Call& call, const api::DeleteRolePolicyRequest& request) override;
  Result<api::PutGroupPolicyResponse> put_group_policy(Call& call,
                                                       const api::PutGroupPolicyRequest& request) override;
  Result<api::GetGroupPolicyResponse> get_group_policy(Call& call,
                                                       const api::GetGroupPolicyRequest& request) override;
  Result<api::ListGroupPoliciesResponse> list_group_policies(
      Call& call, const api::ListGroupPoliciesRequest& request) override;
  Result<api::DeleteGroupPolicyResponse> delete_group_policy(
      Call& call, const api::DeleteGroupPolicyRequest& request) override;
  // managed_policies.cc
  Result<api::CreatePolicyResponse> create_policy(Call& call,
                                                  const api::CreatePolicyRequest& request) override;
  Result<api::GetPolicyResponse> get_policy(Call& call, const api::GetPolicyRequest& request) override;
  Result<api::ListPoliciesResponse> list_policies(Call& call,
                                                  const api::ListPoliciesRequest& request) override;
  Result<api::DeletePolicyResponse> delete_policy(Call& call,
                                                  const api::DeletePolicyRequest& request) override;
  // policy_versions.cc
  Result<api::CreatePolicyVersionResponse> create_policy_version(
      Call& call, const api::CreatePolicyVersionRequest& request) override;
  Result<api::GetPolicyVersionResponse> get_policy_version(
      Call& call, const api::GetPolicyVersionRequest& request) override;
  Result<api::ListPolicyVersionsResponse> list_policy_versions(
      Call& call, const api::ListPolicyVersionsRequest& request) override;
  Result<api::DeletePolicyVersionResponse> delete_policy_version(
      Call& call, const api::DeletePolicyVersionRequest& request) override;
  Result<api::SetDefaultPolicyVersionResponse> set_default_policy_version(
      Call& call, const api::SetDefaultPolicyVersionRequest& request) override;
  // attached_policies.cc
  Result<api::AttachUserPolicyResponse> attach_user_policy(
      Call& call, const api::AttachUserPolicyRequest& request) override;
  Result<api::DetachUserPolicyResponse> detach_user_policy(
      Call& call, const api::DetachUserPolicyRequest& request) override;
  Result<api::ListAttachedUserPoliciesResponse> list_attached_user_policies(
      Call& call, const api::ListAttachedUserPoliciesRequest& request) override;
  Result<api::AttachRolePolicyResponse> attach_role_policy(
      Call& call, const api::AttachRolePolicyRequest& request) override;
  Result<api::DetachRolePolicyResponse> detach_role_policy(
      Call& call, const api::DetachRolePolicyRequest& request) override;
  Result<api::ListAttachedRolePoliciesResponse> list_attached_role_policies(
      Call& call, const api::ListAttachedRolePoliciesRequest& request) override;
  Result<api::AttachGroupPolicyResponse> attach_group_policy(
      Call& call, const api::AttachGroupPolicyRequest& request) override;
  Result<api::DetachGroupPolicyResponse> detach_group_policy(
      Call& call, const api::DetachGroupPolicyRequest& request) override;
  Result<api::ListAttachedGroupPoliciesResponse> list_attached_group_policies(
      Call& call, const api::ListAttachedGroupPoliciesRequest& request) override;
  // boundaries.cc
  Result<api::PutUserPermissionsBoundaryResponse> put_user_permissions_boundary(
      Call& call, const api::PutUserPermissionsBoundaryRequest& request) override;
  Result<api::DeleteUserPermissionsBoundaryResponse> delete_user_permissions_boundary(
      Call& call, const api::DeleteUserPermissionsBoundaryRequest& request) override;
  Result<api::PutRolePermissionsBoundaryResponse> put_role_permissions_boundary(
      Call& call, const api::PutRolePermissionsBoundaryRequest& request) override;
  Result<api::DeleteRolePermissionsBoundaryResponse> delete_role_permissions_boundary(
      Call& call, const api::DeleteRolePermissionsBoundaryRequest& request) override;
  // tags.cc
  Result<api::TagUserResponse> tag_user(Call& call, const api::TagUserRequest& request) override;
  Result<api::UntagUserResponse> untag_user(Call& call, const api::UntagUserRequest& request) override;
  Result<api::ListUserTagsResponse> list_user_tags(Call& call,
                                                   const api::ListUserTagsRequest& request) override;
  Result<api::TagRoleResponse> tag_role(Call& call, const api::TagRoleRequest& request) override;
  Result<api::UntagRoleResponse> untag_role(Call& call, const api::UntagRoleRequest& request) override;
  Result<api::ListRoleTagsResponse> list_role_tags(Call& call,
                                                   const api::ListRoleTagsRequest& request) override;
  Result<api::TagInstanceProfileResponse> tag_instance_profile(
      Call& call, const api::TagInstanceProfileRequest& request) override;
  Result<api::UntagInstanceProfileResponse> untag_instance_profile(
      Call& call, const api::UntagInstanceProfileRequest& request) override;
  Result<api::ListInstanceProfileTagsResponse> list_instance_profile_tags(
      Call& call, const api::ListInstanceProfileTagsRequest& request) override;
  Result<api::TagPolicyResponse> tag_policy(Call& call, const api::TagPolicyRequest& request) override;
  Result<api::UntagPolicyResponse> untag_policy(Call& call, const api::UntagPolicyRequest& request) override;
  Result<api::ListPolicyTagsResponse> list_policy_tags(Call& call,
                                                       const api::ListPolicyTagsRequest& request) override;
  Result<api::TagOpenIDConnectProviderResponse> tag_open_id_connect_provider(
      Call& call, const api::TagOpenIDConnectProviderRequest& request) override;
  Result<api::UntagOpenIDConnectProviderResponse> untag_open_id_connect_provider(
      Call& call, const api::UntagOpenIDConnectProviderRequest& request) override;
  Result<api::ListOpenIDConnectProviderTagsResponse> list_open_id_connect_provider_tags(
      Call& call, const api::ListOpenIDConnectProviderTagsRequest& request) override;
  Result<api::TagMFADeviceResponse> tag_mfa_device(Call& call,
                                                   const api::TagMFADeviceRequest& request) override;
  Result<api::UntagMFADeviceResponse> untag_mfa_device(Call& call,
                                                       const api::UntagMFADeviceRequest& request) override;
  Result<api::ListMFADeviceTagsResponse> list_mfa_device_tags(
      Call& call, const api::ListMFADeviceTagsRequest& request) override;
  // instance_profiles.cc
  Result<api::CreateInstanceProfileResponse> create_instance_profile(
      Call& call, const api::CreateInstanceProfileRequest& request) override;
  Result<api::GetInstanceProfileResponse> get_instance_profile(
      Call& call, const api::GetInstanceProfileRequest& request) override;
  Result<api::ListInstanceProfilesResponse> list_instance_profiles(
      Call& call, const api::ListInstanceProfilesRequest& request) override;
  Result<api::ListInstanceProfilesForRoleResponse> list_instance_profiles_for_role(
      Call& call, const api::ListInstanceProfilesForRoleRequest& request) override;
  Result<api::AddRoleToInstanceProfileResponse> add_role_to_instance_profile(
      Call& call, const api::AddRoleToInstanceProfileRequest& request) override;
  Result<api::RemoveRoleFromInstanceProfileResponse> remove_role_from_instance_profile(
      Call& call, const api::RemoveRoleFromInstanceProfileRequest& request) override;
  Result<api::DeleteInstanceProfileResponse> delete_instance_profile(
      Call& call, const api::DeleteInstanceProfileRequest& request) override;
  // policy_entities.cc
  Result<api::ListEntitiesForPolicyResponse> list_entities_for_policy(
      Call& call, const api::ListEntitiesForPolicyRequest& request) override;
  // service_linked_roles.cc
  Result<api::CreateServiceLinkedRoleResponse> create_service_linked_role(
      Call& call, const api::CreateServiceLinkedRoleRequest& request) override;
  Result<api::DeleteServiceLinkedRoleResponse> delete_service_linked_role(
      Call& call, const api::DeleteServiceLinkedRoleRequest& request) override;
  Result<api::GetServiceLinkedRoleDeletionStatusResponse> get_service_linked_role_deletion_status(
      Call& call, const api::GetServiceLinkedRoleDeletionStatusRequest& request) override;
  // account.cc
  Result<api::GetAccountSummaryResponse> get_account_summary(
      Call& call, const api::GetAccountSummaryRequest& request) override;
  Result<api::GetAccountPasswordPolicyResponse> get_account_password_policy(
      Call& call, const api::GetAccountPasswordPolicyRequest& request) override;
  Result<api::ListAccountAliasesResponse> list_account_aliases(
      Call& call, const api::ListAccountAliasesRequest& request) override;
  Result<api::CreateAccountAliasResponse> create_account_alias(
      Call& call, const api::CreateAccountAliasRequest& request) override;
  Result<api::DeleteAccountAliasResponse> delete_account_alias(
      Call& call, const api::DeleteAccountAliasRequest& request) override;
  // account_details.cc
  Result<api::GetAccountAuthorizationDetailsResponse> get_account_authorization_details(
      Call& call, const api::GetAccountAuthorizationDetailsRequest& request) override;
  // mfa_devices.cc
  Result<api::CreateVirtualMFADeviceResponse> create_virtual_mfa_device(
      Call& call, const api::CreateVirtualMFADeviceRequest& request) override;
  Result<api::DeleteVirtualMFADeviceResponse> delete_virtual_mfa_device(
      Call& call, const api::DeleteVirtualMFADeviceRequest& request) override;
  Result<api::ListVirtualMFADevicesResponse> list_virtual_mfa_devices(
      Call& call, const api::ListVirtualMFADevicesRequest& request) override;
  // users_mfa_devices.cc
  Result<api::EnableMFADeviceResponse> enable_mfa_device(Call& call,
                                                         const api::EnableMFADeviceRequest& request) override;
  Result<api::DeactivateMFADeviceResponse> deactivate_mfa_device(
      Call& call, const api::DeactivateMFADeviceRequest& request) override;
  Result<api::ResyncMFADeviceResponse> resync_mfa_device(Call& call,
                                                         const api::ResyncMFADeviceRequest& request) override;
  Result<api::GetMFADeviceResponse> get_mfa_device(Call& call,
                                                   const api::GetMFADeviceRequest& request) override;
  Result<api::ListMFADevicesResponse> list_mfa_devices(Call& call,
                                                       const api::ListMFADevicesRequest& request) override;
  // user_credentials.cc: kinds of credentials that users do not have here
  Result<api::ListSigningCertificatesResponse> list_signing_certificates(
      Call& call, const api::ListSigningCertificatesRequest& request) override;
  Result<api::ListSSHPublicKeysResponse> list_ssh_public_keys(
      Call& call, const api::ListSSHPublicKeysRequest& request) override;
  Result<api::ListServiceSpecificCredentialsResponse> list_service_specific_credentials(
      Call& call, const api::ListServiceSpecificCredentialsRequest& request) override;
  Result<api::GetLoginProfileResponse> get_login_profile(Call& call,
                                                         const api::GetLoginProfileRequest& request) override;
  Result<api::DeleteLoginProfileResponse> delete_login_profile(
      Call& call, const api::DeleteLoginProfileRequest& request) override;
  // simulate.cc
  Result<api::SimulatePolicyResponse> simulate_principal_policy(
      Call& call, const api::SimulatePrincipalPolicyRequest& request) override;
  Result<api::SimulatePolicyResponse> simulate_custom_policy(
      Call& call, const api::SimulateCustomPolicyRequest& request) override;
  Result<api::GetContextKeysForPolicyResponse> get_context_keys_for_principal_policy(
      Call& call, const api::GetContextKeysForPrincipalPolicyRequest& request) override;
  Result<api::GetContextKeysForPolicyResponse> get_context_keys_for_custom_policy(
      Call& call, const api::GetContextKeysForCustomPolicyRequest& request) override;
  // identity_providers.cc
  Result<api::CreateOpenIDConnectProviderResponse> create_open_id_connect_provider(
      Call& call, const api::CreateOpenIDConnectProviderRequest& request) override;
  Result<api::GetOpenIDConnectProviderResponse> get_open_id_connect_provider(
      Call& call, const api::GetOpenIDConnectProviderRequest& request) override;
  Result<api::ListOpenIDConnectProvidersResponse> list_open_id_connect_providers(
      Call& call, const api::ListOpenIDConnectProvidersRequest& request) override;
  Result<api::DeleteOpenIDConnectProviderResponse> delete_open_id_connect_provider(
      Call& call, const api::DeleteOpenIDConnectProviderRequest& request) override;
  Result<api::AddClientIDToOpenIDConnectProviderResponse> add_client_id_to_open_id_connect_provider(
      Call& call, const api::AddClientIDToOpenIDConnectProviderRequest& request) override;
  Result<api::RemoveClientIDFromOpenIDConnectProviderResponse> remove_client_id_from_open_id_connect_provider(
      Call& call, const api::RemoveClientIDFromOpenIDConnectProviderRequest& request) override;
  Result<api::UpdateOpenIDConnectProviderThumbprintResponse> update_open_id_connect_provider_thumbprint(
      Call& call, const api::UpdateOpenIDConnectProviderThumbprintRequest& request) override;
};

}  // namespace coffer::services::iam
