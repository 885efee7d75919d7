// SPDX-License-Identifier: Apache-2.0
// Ids and ARNs of what organizations have. Source: AWS Organizations API Reference (the patterns of its
// types); Service Authorization Reference, "Actions, resources, and condition keys for AWS Organizations".
#pragma once
#include <string>
#include <string_view>

#include "base/random.h"
#include "catalog/organization_rows.h"

namespace coffer::services::organizations {

std::string make_organization_id(Random& random);                      // o- and 10 letters or digits
std::string make_root_id(Random& random);                              // r- and 4
std::string make_unit_id(Random& random, const std::string& root_id);  // ou-, the root's 4, and 8
std::string make_policy_id(Random& random);                            // p- and 8
std::string make_creation_id(Random& random);                          // car- and 32
std::string make_handshake_id(Random& random);                         // h- and 10
std::string make_resource_policy_id(Random& random);                   // rp- and 8

inline bool is_root_id(std::string_view id) {
  return id.starts_with("r-");
}
inline bool is_unit_id(std::string_view id) {
  return id.starts_with("ou-");
}
inline bool is_policy_id(std::string_view id) {
  return id.starts_with("p-");
}

inline bool is_resource_policy_id(std::string_view id) {
  return id.starts_with("rp-");
}

using catalog::Organization;
std::string organization_arn(const Organization& organization);
std::string root_arn(const Organization& organization);
std::string unit_arn(const Organization& organization, const std::string& id);
std::string account_arn(const Organization& organization, const std::string& account);
std::string policy_arn(const Organization& organization, std::string_view type, const std::string& id);
std::string managed_policy_arn(std::string_view type, std::string_view id);
std::string handshake_arn(const Organization& organization, const std::string& id);
// With "*" in place of the id where there is no policy yet: "rp-".
std::string resource_policy_arn(const Organization& organization, const std::string& id);
// A root's, a unit's, or an account's.
std::string target_arn(const Organization& organization, const std::string& id);

}  // namespace coffer::services::organizations
