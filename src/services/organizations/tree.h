// SPDX-License-Identifier: Apache-2.0
// The tree of an organization: its root, units and accounts, and what joins it. Within a transaction.
#pragma once
#include <string>

#include "catalog/catalog.h"
#include "services/organizations/membership.h"

namespace coffer::services::organizations {

// Is it the organization's root, or a unit of it?
Result<bool> is_parent(catalog::Transaction& transaction, const catalog::Organization& organization,
                       const std::string& id);
// WHATNotFoundException otherwise ("Parent", "SourceParent").
Status require_parent(catalog::Transaction& transaction, const catalog::Organization& organization,
                      const std::string& id, const std::string& what);
// AccountNotFoundException, OrganizationalUnitNotFoundException.
Result<catalog::MemberAccount> require_account(catalog::Transaction& transaction,
                                               const catalog::Organization& organization,
                                               const std::string& account);
Result<catalog::OrganizationalUnit> require_unit(catalog::Transaction& transaction,
                                                 const catalog::Organization& organization,
                                                 const std::string& id);
// The root, a unit or an account, as policies are attached to it.
struct Target {
  std::string id, name, type;  // "ROOT", "ORGANIZATIONAL_UNIT", "ACCOUNT"
};
Result<std::optional<Target>> find_target(catalog::Transaction& transaction,
                                          const catalog::Organization& organization, const std::string& id);

// How many units lie between the root and what is in this one: 0 for the root itself.
Result<size_t> depth_of(catalog::Transaction& transaction, const std::string& parent_id);

// Attaches AWS's own policy of each type that is enabled to a new unit or account.
Status attach_managed_policies(catalog::Transaction& transaction, const catalog::Organization& organization,
                               const std::string& target_id);
// Takes the account in, under the root. Without a name it is called what it was called before, in whatever
// organization; by its id where it was in none.
Status add_account(catalog::Transaction& transaction, const catalog::Organization& organization,
                   catalog::MemberAccount member);

inline constexpr const char* kRootName = "Root";
inline constexpr const char* kRoot = "ROOT";
inline constexpr const char* kUnit = "ORGANIZATIONAL_UNIT";
inline constexpr const char* kAccount = "ACCOUNT";

}  // namespace coffer::services::organizations
