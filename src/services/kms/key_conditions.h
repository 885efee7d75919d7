// SPDX-License-Identifier: Apache-2.0
// The condition keys that a use of a KMS key has by itself. Source: AWS KMS Developer Guide, "Condition keys
// for AWS KMS"; IAM User Guide, "AWS global condition context keys" (aws:ResourceTag, aws:ResourceAccount).
#pragma once
#include <string>
#include <vector>

#include "services/kms/key_access.h"

namespace coffer::services::kms {

// `aliases`: those of the key, with "alias/". `via_service` as the region's name of it:
// "ec2.us-west-2.amazonaws.com"; empty when the caller asks KMS.
policy::Context key_conditions(const FoundKey& key, const std::vector<std::string>& aliases,
                               const std::string& caller_account, const std::string& via_service,
                               const KeyRequest& said);

}  // namespace coffer::services::kms
