// SPDX-License-Identifier: Apache-2.0
// Managed policies of AWS's own that every account has: arn:aws:iam::aws:policy/NAME. Those that concern the
// services here; the files of aws_managed_policies/ say what they are. The table is made at build time.
// Source: AWS Managed Policy Reference Guide.
#pragma once
#include <span>
#include <string_view>

#include "base/clock.h"

namespace coffer::services::iam {

struct AwsManagedPolicy {
  std::string_view arn, id;
  std::string_view path;  // "/", "/service-role/", "/aws-service-role/", "/job-function/"
  std::string_view name, description;
  uint32_t version = 1;        // the only one there is
  Timestamp created, updated;  // at AWS
  std::string_view document;   // JSON
  // May it be attached to service-linked roles only, and not be a boundary either?
  bool for_service_linked_roles() const { return path == "/aws-service-role/"; }
};

std::span<const AwsManagedPolicy> aws_managed_policies();  // by ARN
const AwsManagedPolicy* find_aws_managed_policy(std::string_view arn);

}  // namespace coffer::services::iam
