// SPDX-License-Identifier: Apache-2.0
#include "services/condition_key_names.h"

#include <algorithm>
#include <array>

#include "policy/match.h"

namespace coffer::services {
namespace {

// IAM User Guide, "AWS global condition context keys"; Service Authorization Reference, Amazon EC2 and AWS
// Key Management Service: those that a refused call of EC2 can have.
constexpr std::array<std::string_view, 68> kNames = {"aws:CalledVia",
                                                     "aws:CalledViaFirst",
                                                     "aws:CalledViaLast",
                                                     "aws:CurrentTime",
                                                     "aws:EpochTime",
                                                     "aws:FederatedProvider",
                                                     "aws:MultiFactorAuthAge",
                                                     "aws:MultiFactorAuthPresent",
                                                     "aws:PrincipalAccount",
                                                     "aws:PrincipalArn",
                                                     "aws:PrincipalIsAWSService",
                                                     "aws:PrincipalOrgID",
                                                     "aws:PrincipalOrgPaths",
                                                     "aws:PrincipalType",
                                                     "aws:RequestedRegion",
                                                     "aws:ResourceAccount",
                                                     "aws:ResourceOrgID",
                                                     "aws:ResourceOrgPaths",
                                                     "aws:SecureTransport",
                                                     "aws:SourceIdentity",
                                                     "aws:SourceIp",
                                                     "aws:SourceVpc",
                                                     "aws:SourceVpce",
                                                     "aws:TagKeys",
                                                     "aws:TokenIssueTime",
                                                     "aws:UserAgent",
                                                     "aws:ViaAWSService",
                                                     "aws:VpcSourceIp",
                                                     "ec2:Attribute",
                                                     "ec2:AvailabilityZone",
                                                     "ec2:CreateAction",
                                                     "ec2:EbsOptimized",
                                                     "ec2:Encrypted",
                                                     "ec2:InstanceID",
                                                     "ec2:InstanceType",
                                                     "ec2:KmsKeyId",
                                                     "ec2:Owner",
                                                     "ec2:ParentSnapshot",
                                                     "ec2:ParentVolume",
                                                     "ec2:Region",
                                                     "ec2:RootDeviceType",
                                                     "ec2:SnapshotID",
                                                     "ec2:SnapshotTime",
                                                     "ec2:Tenancy",
                                                     "ec2:VolumeID",
                                                     "ec2:VolumeIops",
                                                     "ec2:VolumeSize",
                                                     "ec2:VolumeThroughput",
                                                     "ec2:VolumeType",
                                                     "kms:CallerAccount",
                                                     "kms:EncryptionAlgorithm",
                                                     "kms:EncryptionContextKeys",
                                                     "kms:GrantConstraintType",
                                                     "kms:GrantIsForAWSResource",
                                                     "kms:GrantOperations",
                                                     "kms:GranteePrincipal",
                                                     "kms:KeyOrigin",
                                                     "kms:KeySpec",
                                                     "kms:KeyUsage",
                                                     "kms:MultiRegion",
                                                     "kms:MultiRegionKeyType",
                                                     "kms:ReEncryptOnSameKey",
                                                     "kms:RequestAlias",
                                                     "kms:ResourceAliases",
                                                     "kms:RetiringPrincipal",
                                                     "kms:ViaService",
                                                     "sts:RoleSessionName",
                                                     "sts:SourceIdentity"};

// What a name of the request's own follows.
constexpr std::array<std::string_view, 6> kBeginnings = {"aws:PrincipalTag/", "aws:RequestTag/",
                                                         "aws:ResourceTag/",  "ec2:Attribute/",
                                                         "ec2:ResourceTag/",  "kms:EncryptionContext:"};

}  // namespace

std::string written_key(std::string_view lower_case_key) {
  for (const std::string_view name : kNames)
    if (policy::to_lower(name) == lower_case_key) return std::string(name);
  for (const std::string_view beginning : kBeginnings)
    if (lower_case_key.starts_with(policy::to_lower(beginning)))
      return std::string(beginning).append(lower_case_key.substr(beginning.size()));
  return std::string(lower_case_key);
}

}  // namespace coffer::services
