// SPDX-License-Identifier: Apache-2.0
#include "services/kms/explained_grants.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

namespace coffer::services::kms {
namespace {

constexpr size_t kGrantsAtOnce = 1000;

bool names_operation(const catalog::Grant& grant, std::string_view operation) {
  return std::ranges::find(grant.operations, operation) != grant.operations.end();
}

Status each_grant_of(Installation& installation, const FoundKey& key, std::string_view operation,
                     const std::function<void(catalog::Grant)>& use) {
  return installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    const catalog::GrantFilter filter{key.key.region, key.key.id, {}, {}};
    std::string after;
    while (true) {
      COFFER_TRY(grants, transaction.grants_of_key(filter, after, kGrantsAtOnce));
      const bool last = grants.size() < kGrantsAtOnce;
      if (!last) after = grants.back().id;
      for (catalog::Grant& grant : grants)
        if (names_operation(grant, operation)) use(std::move(grant));
      if (last) return {};
    }
  });
}

}  // namespace

Result<std::vector<catalog::Grant>> unmet_grants(Installation& installation, const FoundKey& key,
                                                 std::string_view action,
                                                 const EncryptionContextPairs& context) {
  std::vector<catalog::Grant> unmet;
  const std::string_view operation = operation_of(action);
  COFFER_CHECK(each_grant_of(installation, key, operation, [&](catalog::Grant grant) {
    if (!permits(grant, operation, context)) unmet.push_back(std::move(grant));
  }));
  return unmet;
}

Result<std::vector<std::string>> grantees(Installation& installation, const FoundKey& key,
                                          std::string_view action) {
  std::vector<std::string> names;
  COFFER_CHECK(each_grant_of(installation, key, operation_of(action), [&](catalog::Grant grant) {
    names.push_back(std::move(grant.grantee_principal));
  }));
  return names;
}

std::string when_met(const catalog::Grant& grant) {
  std::vector<std::string> pairs;
  for (const auto& [name, value] : grant.constraint_context) pairs.push_back(name + "=" + value);
  const bool exactly = grant.constraint == catalog::Grant::Constraint::kContextEquals;
  return fmt::format("The grant {} would, if the encryption context {} {}", grant.id,
                     exactly ? "were exactly" : "contained", fmt::join(pairs, ", "));
}

}  // namespace coffer::services::kms
