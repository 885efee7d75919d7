// SPDX-License-Identifier: Apache-2.0
// The table of asked_actions.h. In a line: an action, and the kinds of resource that it is asked on, each as
// the type in the resource's ARN, with the ARN's service where that is not the action's own.
//   key       one that is there
//   user+     one that need not be there: the action makes it, or gives it its name
//   volume/*  one that is to be and has no name yet: asked by the wildcard
//   user/     all under a path
//   *         no resource at all
//   nothing   it is not asked: everybody may
//   = A B     its permission is asked as that for A and for B
#include "services/asked_actions.h"

namespace coffer::services {

std::string_view asked_actions_table() {
  return R"(
ebs:CompleteSnapshot                              ec2:snapshot
ebs:GetSnapshotBlock                              ec2:snapshot
ebs:ListChangedBlocks                             ec2:snapshot
ebs:ListSnapshotBlocks                            ec2:snapshot
ebs:PutSnapshotBlock                              ec2:snapshot
ebs:StartSnapshot                                 ec2:snapshot ec2:snapshot/*
ec2:AttachVolume                                  instance volume
ec2:CopySnapshot                                  snapshot snapshot/*
ec2:CreateSnapshot                                snapshot/* volume
ec2:CreateSnapshots                               instance snapshot/* volume
ec2:CreateTags                                    instance snapshot snapshot/* volume volume/*
ec2:CreateVolume                                  snapshot volume/*
ec2:DeleteSnapshot                                snapshot
ec2:DeleteTags                                    instance snapshot volume
ec2:DeleteVolume                                  volume
ec2:DescribeAvailabilityZones                     *
ec2:DescribeInstances                             *
ec2:DescribeRegions                               *
ec2:DescribeSnapshots                             *
ec2:DescribeTags                                  *
ec2:DescribeVolumeOldKeySnapshots                 *
ec2:DescribeVolumeRekeys                          *
ec2:DescribeVolumes                               *
ec2:DescribeVolumesModifications                  *
ec2:DetachVolume                                  instance volume
ec2:ModifyVolume                                  volume
ec2:RekeyVolume                                   volume
iam:AddClientIDToOpenIDConnectProvider            oidc-provider
iam:AddRoleToInstanceProfile                      instance-profile
iam:AddUserToGroup                                group
iam:AttachGroupPolicy                             group
iam:AttachRolePolicy                              role
iam:AttachUserPolicy                              user
iam:CreateAccessKey                               root user
iam:CreateAccountAlias                            *
iam:CreateGroup                                   group+
iam:CreateInstanceProfile                         instance-profile+
iam:CreateOpenIDConnectProvider                   oidc-provider+
iam:CreatePolicy                                  policy+
iam:CreatePolicyVersion                           policy
iam:CreateRole                                    role+
iam:CreateServiceLinkedRole                       role+
iam:CreateUser                                    user+
iam:CreateVirtualMFADevice                        mfa+
iam:DeactivateMFADevice                           user
iam:DeleteAccessKey                               root user
iam:DeleteAccountAlias                            *
iam:DeleteGroup                                   group
iam:DeleteGroupPolicy                             group
iam:DeleteInstanceProfile                         instance-profile
iam:DeleteLoginProfile                            user
iam:DeleteOpenIDConnectProvider                   oidc-provider
iam:DeletePolicy                                  policy
iam:DeletePolicyVersion                           policy
iam:DeleteRole                                    role
iam:DeleteRolePermissionsBoundary                 role
iam:DeleteRolePolicy                              role
iam:DeleteServiceLinkedRole                       role
iam:DeleteUser                                    user
iam:DeleteUserPermissionsBoundary                 user
iam:DeleteUserPolicy                              user
iam:DeleteVirtualMFADevice                        mfa
iam:DetachGroupPolicy                             group
iam:DetachRolePolicy                              role
iam:DetachUserPolicy                              user
iam:EnableMFADevice                               user
iam:ExplainAccess                                 role root sts:federated-user user
iam:GetAccessKeyLastUsed                          user *
iam:GetAccountAuthorizationDetails                *
iam:GetAccountPasswordPolicy                      *
iam:GetAccountSummary                             *
iam:GetContextKeysForCustomPolicy                 *
iam:GetContextKeysForPrincipalPolicy              group role user
iam:GetGroup                                      group
iam:GetGroupPolicy                                group
iam:GetInstanceProfile                            instance-profile
iam:GetLoginProfile                               user
iam:GetMFADevice                                  user user/*
iam:GetOpenIDConnectProvider                      oidc-provider
iam:GetPolicy                                     policy
iam:GetPolicyVersion                              policy
iam:GetRole                                       role
iam:GetRolePolicy                                 role
iam:GetServiceLinkedRoleDeletionStatus            role/*
iam:GetUser                                       root user *
iam:GetUserPolicy                                 user
iam:ListAccessKeys                                root user
iam:ListAccountAliases                            *
iam:ListAttachedGroupPolicies                     group
iam:ListAttachedRolePolicies                      role
iam:ListAttachedUserPolicies                      user
iam:ListEntitiesForPolicy                         policy
iam:ListGroupPolicies                             group
iam:ListGroups                                    group/
iam:ListGroupsForUser                             user
iam:ListInstanceProfileTags                       instance-profile
iam:ListInstanceProfiles                          instance-profile/
iam:ListInstanceProfilesForRole                   role
iam:ListMFADeviceTags                             mfa
iam:ListMFADevices                                user user/*
iam:ListOpenIDConnectProviderTags                 oidc-provider
iam:ListOpenIDConnectProviders                    *
iam:ListPolicies                                  policy/
iam:ListPolicyTags                                policy
iam:ListPolicyVersions                            policy
iam:ListRolePolicies                              role
iam:ListRoleTags                                  role
iam:ListRoles                                     role/
iam:ListSSHPublicKeys                             user user/*
iam:ListServiceSpecificCredentials                user user/*
iam:ListSigningCertificates                       user user/*
iam:ListUserPolicies                              user
iam:ListUserTags                                  user
iam:ListUsers                                     user/
iam:ListVirtualMFADevices                         mfa/*
iam:PassRole                                      role
iam:PutGroupPolicy                                group
iam:PutRolePermissionsBoundary                    role
iam:PutRolePolicy                                 role
iam:PutUserPermissionsBoundary                    user
iam:PutUserPolicy                                 user
iam:RemoveClientIDFromOpenIDConnectProvider       oidc-provider
iam:RemoveRoleFromInstanceProfile                 instance-profile
iam:RemoveUserFromGroup                           group
iam:ResyncMFADevice                               user
iam:SetDefaultPolicyVersion                       policy
iam:SimulateCustomPolicy                          *
iam:SimulatePrincipalPolicy                       group role user
iam:TagInstanceProfile                            instance-profile+
iam:TagMFADevice                                  mfa+
iam:TagOpenIDConnectProvider                      oidc-provider+
iam:TagPolicy                                     policy+
iam:TagRole                                       role+
iam:TagUser                                       user+
iam:UntagInstanceProfile                          instance-profile
iam:UntagMFADevice                                mfa
iam:UntagOpenIDConnectProvider                    oidc-provider
iam:UntagPolicy                                   policy
iam:UntagRole                                     role
iam:UntagUser                                     user
iam:UpdateAccessKey                               root user
iam:UpdateAssumeRolePolicy                        role
iam:UpdateGroup                                   group+
iam:UpdateOpenIDConnectProviderThumbprint         oidc-provider
iam:UpdateRole                                    role
iam:UpdateRoleDescription                         role
iam:UpdateUser                                    user+
kms:CancelKeyDeletion                             key
kms:ConnectCustomKeyStore                         *
kms:CreateAlias                                   alias+ key
kms:CreateCustomKeyStore                          *
kms:CreateGrant                                   key
kms:CreateKey                                     *
kms:Decrypt                                       key
kms:DeleteAlias                                   alias key
kms:DeleteCustomKeyStore                          *
kms:DeleteImportedKeyMaterial                     key
kms:DeriveSharedSecret                            key
kms:DescribeCustomKeyStores                       *
kms:DescribeKey                                   key
kms:DescribeKeyDependents                         key
kms:DisableKey                                    key
kms:DisableKeyRotation                            key
kms:DisconnectCustomKeyStore                      *
kms:EnableKey                                     key
kms:EnableKeyRotation                             key
kms:Encrypt                                       key
kms:GenerateDataKey                               key
kms:GenerateDataKeyPair                           key
kms:GenerateDataKeyPairWithoutPlaintext           key
kms:GenerateDataKeyWithoutPlaintext               key
kms:GenerateMac                                   key
kms:GenerateRandom                                *
kms:GetKeyLastUsage                               key
kms:GetKeyPolicy                                  key
kms:GetKeyRotationStatus                          key
kms:GetParametersForImport                        key
kms:GetPublicKey                                  key
kms:ImportKeyMaterial                             key
kms:ListAliases                                   *
kms:ListGrants                                    key
kms:ListKeyPolicies                               key
kms:ListKeyRotations                              key
kms:ListKeys                                      *
kms:ListResourceTags                              key
kms:ListRetirableGrants                           iam:role iam:root iam:user sts:assumed-role sts:federated-user
kms:PutKeyPolicy                                  key
kms:ReEncrypt                                     = kms:ReEncryptFrom kms:ReEncryptTo
kms:ReEncryptFrom                                 key
kms:ReEncryptTo                                   key
kms:ReplicateKey                                  key
kms:RetireGrant                                   key
kms:RevokeGrant                                   key
kms:RotateKeyOnDemand                             key
kms:ScheduleKeyDeletion                           key
kms:Sign                                          key
kms:TagResource                                   key key/*
kms:UntagResource                                 key
kms:UpdateAlias                                   alias key
kms:UpdateCustomKeyStore                          *
kms:UpdateKeyDescription                          key
kms:UpdatePrimaryRegion                           key
kms:Verify                                        key
kms:VerifyMac                                     key
organizations:AcceptHandshake                     handshake
organizations:AttachPolicy                        account ou policy root
organizations:CancelHandshake                     handshake
organizations:CloseAccount                        account
organizations:CreateAccount                       *
organizations:CreateOrganization                  *
organizations:CreateOrganizationalUnit            ou root
organizations:CreatePolicy                        *
organizations:DeclineHandshake                    handshake
organizations:DeleteOrganization                  *
organizations:DeleteOrganizationalUnit            ou
organizations:DeletePolicy                        policy
organizations:DeleteResourcePolicy                resourcepolicy resourcepolicy/*
organizations:DeregisterDelegatedAdministrator    account
organizations:DescribeAccount                     account
organizations:DescribeCreateAccountStatus         *
organizations:DescribeEffectivePolicy             account ou root
organizations:DescribeHandshake                   handshake
organizations:DescribeOrganization                *
organizations:DescribeOrganizationalUnit          ou
organizations:DescribePolicy                      policy
organizations:DescribeResourcePolicy              resourcepolicy resourcepolicy/*
organizations:DetachPolicy                        account ou policy root
organizations:DisableAWSServiceAccess             *
organizations:DisablePolicyType                   root
organizations:EnableAWSServiceAccess              *
organizations:EnablePolicyType                    root
organizations:InviteAccountToOrganization         account+
organizations:LeaveOrganization                   *
organizations:ListAWSServiceAccessForOrganization *
organizations:ListAccounts                        *
organizations:ListAccountsForParent               ou root
organizations:ListChildren                        ou root
organizations:ListCreateAccountStatus             *
organizations:ListDelegatedAdministrators         *
organizations:ListDelegatedServicesForAccount     account
organizations:ListHandshakesForAccount            *
organizations:ListHandshakesForOrganization       *
organizations:ListOrganizationalUnitsForParent    ou root
organizations:ListParents                         account ou
organizations:ListPolicies                        *
organizations:ListPoliciesForTarget               account ou root
organizations:ListRoots                           *
organizations:ListTagsForResource                 account ou policy resourcepolicy root
organizations:ListTargetsForPolicy                policy
organizations:MoveAccount                         account ou root
organizations:PutResourcePolicy                   resourcepolicy resourcepolicy/*
organizations:RegisterDelegatedAdministrator      account
organizations:RemoveAccountFromOrganization       account
organizations:TagResource                         account+ account/* ou ou/* policy policy/* resourcepolicy resourcepolicy/* root
organizations:UntagResource                       account ou policy resourcepolicy root
organizations:UpdateOrganizationalUnit            ou
organizations:UpdatePolicy                        policy
sts:AssumeRole                                    iam:role
sts:AssumeRoleWithWebIdentity                     iam:role
sts:DecodeAuthorizationMessage                    *
sts:GetAccessKeyInfo                              *
sts:GetCallerIdentity                             nothing
sts:GetFederationToken                            federated-user
sts:GetSessionToken                               nothing
sts:SetSourceIdentity                             iam:role
sts:TagSession                                    federated-user iam:role
)";
}

}  // namespace coffer::services
