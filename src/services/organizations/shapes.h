// SPDX-License-Identifier: Apache-2.0
// Rows of the catalog as answers show them, and tags as requests give them. Pure functions.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "services/organizations/membership.h"

namespace coffer::services::organizations {

api::Organization api_organization(const catalog::Organization& organization, const std::string& email);
api::Root api_root(const catalog::Organization& organization);
api::OrganizationalUnit api_unit(const catalog::Organization& organization,
                                 const catalog::OrganizationalUnit& unit);
api::Account api_account(const catalog::Organization& organization, const catalog::MemberAccount& member);
std::string status_of(const catalog::MemberAccount& member);  // "ACTIVE", "SUSPENDED"
api::PolicySummary api_policy_summary(const catalog::Organization& organization,
                                      const catalog::OrganizationPolicy& policy);

// What an account that nobody gave an e-mail address is shown with: one that leads nowhere (RFC 2606).
std::string made_up_email(const std::string& account);

// InvalidInputException for a key twice, or one that begins with "aws:"; ConstraintViolationException for
// more than 50.
Result<Tags> checked_tags(const std::optional<std::vector<api::Tag>>& tags);
Status check_number_of_tags(const Tags& tags);

}  // namespace coffer::services::organizations
