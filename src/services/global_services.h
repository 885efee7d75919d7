// SPDX-License-Identifier: Apache-2.0
// Services that have one region for all. Source: IAM User Guide, "IAM endpoints"; AWS General Reference, "AWS
// Organizations endpoints and quotas". Pure.
#pragma once
#include <string_view>

namespace coffer::services {

// Their calls, and those of STS's global endpoint, are signed for it, and made in it, installed or not.
inline constexpr const char* kGlobalRegion = "us-east-1";

// `service`: as credentials are scoped to it and actions begin with it.
inline bool is_global_service(std::string_view service) {
  return service == "iam" || service == "organizations";
}

}  // namespace coffer::services
