// SPDX-License-Identifier: Apache-2.0
// Grants as calls are decided by them, kept in memory as long as the catalog stays as it is
// (catalog/read_cache.h).
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "catalog/read_cache.h"
#include "catalog/rows.h"

namespace coffer::services::kms {

// Thread-safe.
class KnownGrants {
 public:
  using Grants = std::vector<catalog::Grant>;

  // Those on the key to a grantee of that name.
  Result<std::shared_ptr<const Grants>> find(catalog::Catalog& catalog, const catalog::Key& key,
                                             const std::string& grantee) {
    return kept_.get(catalog, key.region + "/" + key.id + "/" + grantee,
                     [&]() -> Result<std::shared_ptr<const Grants>> {
                       auto grants = std::make_shared<Grants>();
                       COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
                         COFFER_TRY(found, transaction.grants_to(key.region, key.id, grantee));
                         *grants = std::move(found);
                         return {};
                       }));
                       return grants;
                     });
  }

 private:
  // A grantee rarely has more than a few grants on one key.
  catalog::ReadCache<Grants> kept_{1'000};
};

}  // namespace coffer::services::kms
