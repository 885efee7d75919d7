// SPDX-License-Identifier: Apache-2.0
#include "services/organizations/tree.h"

#include "services/organizations/managed_policies.h"
#include "services/organizations/names.h"
#include "services/organizations/shapes.h"

namespace coffer::services::organizations {

using catalog::MemberAccount;
using catalog::OrganizationalUnit;

Result<bool> is_parent(catalog::Transaction& transaction, const Organization& organization,
                       const std::string& id) {
  if (id == organization.root_id) return true;
  COFFER_TRY(unit, transaction.organizational_unit(id));
  return unit && unit->organization_id == organization.id;
}

Status require_parent(catalog::Transaction& transaction, const Organization& organization,
                      const std::string& id, const std::string& what) {
  COFFER_TRY(found, is_parent(transaction, organization, id));
  if (!found) return not_found(what);
  return {};
}

Result<MemberAccount> require_account(catalog::Transaction& transaction, const Organization& organization,
                                      const std::string& account) {
  COFFER_TRY(member, transaction.member_account(account));
  if (!member || member->organization_id != organization.id) return not_found("Account");
  return std::move(*member);
}

Result<OrganizationalUnit> require_unit(catalog::Transaction& transaction, const Organization& organization,
                                        const std::string& id) {
  COFFER_TRY(unit, transaction.organizational_unit(id));
  if (!unit || unit->organization_id != organization.id) return not_found("OrganizationalUnit");
  return std::move(*unit);
}

Result<std::optional<Target>> find_target(catalog::Transaction& transaction, const Organization& organization,
                                          const std::string& id) {
  if (id == organization.root_id) return Target{id, kRootName, kRoot};
  COFFER_TRY(unit, transaction.organizational_unit(id));
  if (unit && unit->organization_id == organization.id) return Target{id, unit->name, kUnit};
  COFFER_TRY(member, transaction.member_account(id));
  if (member && member->organization_id == organization.id) return Target{id, member->name, kAccount};
  return std::optional<Target>();
}

Result<size_t> depth_of(catalog::Transaction& transaction, const std::string& parent_id) {
  size_t depth = 0;
  for (std::string id = parent_id; is_unit_id(id); ++depth) {
    COFFER_TRY(unit, transaction.organizational_unit(id));
    if (!unit) return not_found("Parent");
    id = unit->parent_id;
  }
  return depth;
}

Status attach_managed_policies(catalog::Transaction& transaction, const Organization& organization,
                               const std::string& target_id) {
  for (const auto& policy : managed_policies()) {
    const bool enabled = policy.type == kServiceControlPolicy ? organization.service_control_policies
                                                              : organization.resource_control_policies;
    if (enabled)
      COFFER_CHECK(transaction.attach_organization_policy(
          {organization.id, target_id, std::string(policy.type), std::string(policy.id)}));
  }
  return {};
}

Status add_account(catalog::Transaction& transaction, const Organization& organization,
                   MemberAccount member) {
  member.organization_id = organization.id;
  member.parent_id = organization.root_id;
  COFFER_TRY(account, transaction.account(member.account));
  if (account && member.name.empty()) {
    member.name = account->name.empty() ? account->id : account->name;
    member.email = account->email.empty() ? made_up_email(account->id) : account->email;
  }
  COFFER_CHECK(transaction.insert_member_account(member));
  return attach_managed_policies(transaction, organization, member.account);
}

}  // namespace coffer::services::organizations
