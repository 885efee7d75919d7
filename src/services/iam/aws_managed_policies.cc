// SPDX-License-Identifier: Apache-2.0
#include "services/iam/aws_managed_policies.h"

#include <algorithm>
#include <array>

namespace coffer::services::iam {
namespace {

constexpr std::array kPolicies = {
    AwsManagedPolicy{
        "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser", "ANPAJNPP7PPPPMJRV2SA4",
        "AWSKeyManagementServicePowerUser", "Provides access to AWS Key Management Service (KMS).",
        R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:CreateAlias","kms:CreateKey",)"
        R"("kms:DeleteAlias","kms:Describe*","kms:GenerateRandom","kms:Get*","kms:List*","kms:TagResource",)"
        R"("kms:UntagResource","iam:ListGroups","iam:ListRoles","iam:ListUsers"],"Resource":"*"}]})"},
    AwsManagedPolicy{
        "arn:aws:iam::aws:policy/AdministratorAccess", "ANPAIWMBCKSKIEE64ZLYK", "AdministratorAccess",
        "Provides full access to AWS services and resources.",
        R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})"},
    AwsManagedPolicy{
        "arn:aws:iam::aws:policy/IAMFullAccess", "ANPAI7XKCFMBPM3QQRRVQ", "IAMFullAccess",
        "Provides full access to IAM.",
        R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*"],"Resource":"*"}]})"},
};

}  // namespace

std::span<const AwsManagedPolicy> aws_managed_policies() {
  return kPolicies;
}

const AwsManagedPolicy* find_aws_managed_policy(std::string_view arn) {
  const auto* found = std::ranges::find(kPolicies, arn, &AwsManagedPolicy::arn);
  return found == kPolicies.end() ? nullptr : found;
}

}  // namespace coffer::services::iam
