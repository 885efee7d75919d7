// SPDX-License-Identifier: Apache-2.0
#include "services/iam/aws_managed_policies.h"

#include <algorithm>

namespace coffer::services::iam {

const AwsManagedPolicy* find_aws_managed_policy(std::string_view arn) {
  const auto all = aws_managed_policies();
  const auto found = std::ranges::lower_bound(all, arn, {}, &AwsManagedPolicy::arn);
  return found == all.end() || found->arn != arn ? nullptr : &*found;
}

}  // namespace coffer::services::iam
