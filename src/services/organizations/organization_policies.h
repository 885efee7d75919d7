// SPDX-License-Identifier: Apache-2.0
// The policies of an organization, AWS's own among them. Within a transaction.
#pragma once
#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "services/organizations/managed_policies.h"
#include "services/organizations/membership.h"

namespace coffer::services::organizations {

// As a row would have it.
catalog::OrganizationPolicy row_of(const ManagedPolicy& policy, const catalog::Organization& organization);

// AWS's own too. PolicyNotFoundException.
Result<catalog::OrganizationPolicy> require_policy(catalog::Transaction& transaction,
                                                   const catalog::Organization& organization,
                                                   const std::string& id);
// Those of the organization alone: InvalidInputException for AWS's.
Result<catalog::OrganizationPolicy> require_own_policy(catalog::Transaction& transaction,
                                                       const catalog::Organization& organization,
                                                       const std::string& id);

// PolicyTypeNotAvailableForOrganizationException for types that are not served, and in an organization
// without all features.
Status require_available(const catalog::Organization& organization, const std::string& type);
bool& enabled_flag(catalog::Organization& organization, const std::string& type);
// PolicyTypeNotEnabledException.
Status require_enabled(catalog::Organization& organization, const std::string& type);

}  // namespace coffer::services::organizations
