// SPDX-License-Identifier: Apache-2.0
// The policies of AWS's own, of which every organization has one a type: attached to everything as soon as
// the type is enabled, they let through all that other policies do not forbid. And what the types are called.
// Source: AWS Organizations User Guide, "SCP evaluation", "RCP evaluation".
#pragma once
#include <span>
#include <string_view>

namespace coffer::services::organizations {

inline constexpr const char* kServiceControlPolicy = "SERVICE_CONTROL_POLICY";
inline constexpr const char* kResourceControlPolicy = "RESOURCE_CONTROL_POLICY";

struct ManagedPolicy {
  std::string_view id, type, name, description, content;
};

std::span<const ManagedPolicy> managed_policies();
const ManagedPolicy* find_managed_policy(std::string_view id);
const ManagedPolicy* managed_policy_of(std::string_view type);  // null for a type that is not served

}  // namespace coffer::services::organizations
