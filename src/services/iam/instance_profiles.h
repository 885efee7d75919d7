// SPDX-License-Identifier: Apache-2.0
// Finding instance profiles, and how answers show them. Thread-safe.
#pragma once
#include <string>
#include <vector>

#include "services/iam/iam_service.h"

namespace coffer::services::iam {

std::string profile_arn(const catalog::InstanceProfile& profile);

// The profile, once the caller is known to be allowed this operation on its ARN; else AccessDenied, before it
// shows whether there is one, or NoSuchEntity.
Result<catalog::InstanceProfile> find_profile(Call& call, const std::string& name,
                                              policy::Context context = {});

// Each with its role.
Result<std::vector<api::InstanceProfile>> api_profiles(catalog::Transaction& transaction,
                                                       const std::vector<catalog::InstanceProfile>& profiles);

}  // namespace coffer::services::iam
