// SPDX-License-Identifier: Apache-2.0
// Managed policies of AWS's own that every account has: arn:aws:iam::aws:policy/NAME. Only the few that make
// sense here. Source: AWS Managed Policy Reference Guide.
#pragma once
#include <span>
#include <string_view>

namespace coffer::services::iam {

struct AwsManagedPolicy {
  std::string_view arn, id, name, description, document;
};

std::span<const AwsManagedPolicy> aws_managed_policies();  // by ARN
const AwsManagedPolicy* find_aws_managed_policy(std::string_view arn);

}  // namespace coffer::services::iam
