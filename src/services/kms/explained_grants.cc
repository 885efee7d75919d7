// SPDX-License-Identifier: Apache-2.0
#include "services/kms/explained_grants.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace coffer::services::kms {
namespace {

constexpr size_t kGrantsAtOnce = 1000;

bool names_operation(const catalog::Grant& grant, std::string_view operation) {
  return std::ranges::find(grant.operations, operation) != grant.operations.end();
}

bool same_constraint(const catalog::Grant& a, const catalog::Grant& b) {
  return a.constraint == b.constraint && a.constraint_context == b.constraint_context;
}

}  // namespace

Result<std::vector<catalog::Grant>> unmet_grants(Installation& installation, const FoundKey& key,
                                                 std::string_view action,
                                                 const EncryptionContextPairs& context,
                                                 const std::vector<std::string>& names) {
  std::vector<catalog::Grant> unmet;
  const std::string_view operation = operation_of(action);
  for (const std::string& name : names) {
    COFFER_TRY(grants, installation.known_grants->find(installation.catalog, key.key, name));
    for (const catalog::Grant& grant : *grants) {
      const bool known = std::ranges::any_of(
          unmet, [&](const catalog::Grant& each) { return same_constraint(each, grant); });
      if (!known && names_operation(grant, operation) && !permits(grant, operation, context))
        unmet.push_back(grant);
    }
  }
  return unmet;
}

Result<std::vector<std::string>> grantees(Installation& installation, const FoundKey& key,
                                          std::string_view action) {
  std::set<std::string> names;
  const std::string_view operation = operation_of(action);
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    const catalog::GrantFilter filter{key.key.region, key.key.id, {}, {}};
    std::string after;
    while (true) {
      COFFER_TRY(grants, transaction.grants_of_key(filter, after, kGrantsAtOnce));
      for (const catalog::Grant& grant : grants)
        if (names_operation(grant, operation)) names.insert(grant.grantee_principal);
      if (grants.size() < kGrantsAtOnce) return {};
      after = grants.back().id;
    }
  }));
  return std::vector<std::string>(names.begin(), names.end());
}

std::string when_met(const catalog::Grant& grant) {
  std::vector<std::string> pairs;
  for (const auto& [name, value] : grant.constraint_context) pairs.push_back(name + "=" + value);
  const bool exactly = grant.constraint == catalog::Grant::Constraint::kContextEquals;
  return fmt::format("the grant {}, if the encryption context {} {}", grant.id,
                     exactly ? "were exactly" : "contained", fmt::join(pairs, ", "));
}

}  // namespace coffer::services::kms
