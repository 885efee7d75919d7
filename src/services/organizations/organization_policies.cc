// SPDX-License-Identifier: Apache-2.0
#include "services/organizations/organization_policies.h"

#include "services/organizations/names.h"

namespace coffer::services::organizations {

using catalog::OrganizationPolicy;

OrganizationPolicy row_of(const ManagedPolicy& policy, const Organization& organization) {
  return {std::string(policy.id),          organization.id,
          std::string(policy.type),        std::string(policy.name),
          std::string(policy.description), std::string(policy.content)};
}

Result<OrganizationPolicy> require_policy(catalog::Transaction& transaction, const Organization& organization,
                                          const std::string& id) {
  if (const auto* managed = find_managed_policy(id)) return row_of(*managed, organization);
  COFFER_TRY(policy, transaction.organization_policy(id));
  if (!policy || policy->organization_id != organization.id) return not_found("Policy");
  return std::move(*policy);
}

Result<OrganizationPolicy> require_own_policy(catalog::Transaction& transaction,
                                              const Organization& organization, const std::string& id) {
  if (find_managed_policy(id) != nullptr)
    return invalid_input("IMMUTABLE_POLICY",
                         "You specified a policy that is managed by AWS and can't be modified.");
  return require_policy(transaction, organization, id);
}

Status require_available(const Organization& organization, const std::string& type) {
  if (managed_policy_of(type) != nullptr && organization.feature_set == "ALL") return {};
  return conflict("PolicyTypeNotAvailableForOrganizationException",
                  "You can't use the specified policy type with the feature set currently enabled for the "
                  "organization.");
}

bool& enabled_flag(Organization& organization, const std::string& type) {
  return type == kServiceControlPolicy ? organization.service_control_policies
                                       : organization.resource_control_policies;
}

Status require_enabled(Organization& organization, const std::string& type) {
  if (enabled_flag(organization, type)) return {};
  return conflict("PolicyTypeNotEnabledException",
                  "This operation can be performed only for enabled policy types.");
}

}  // namespace coffer::services::organizations
