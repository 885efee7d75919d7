// SPDX-License-Identifier: Apache-2.0
// KMS keys as the catalog has them, with what every use of one asks for. Kept in memory as long as the
// catalog stays as it is (catalog/read_cache.h).
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/read_cache.h"
#include "catalog/rows.h"

namespace coffer::services::kms {

struct StoredKey {
  catalog::Key key;
  std::vector<std::string> aliases;                             // "alias/x"
  std::vector<catalog::BackingKey> materials;                   // oldest first
  const catalog::BackingKey* material(uint32_t version) const;  // null: there is none
  // As it is by then: imported material may have expired, and nobody have noticed it yet.
  catalog::Key key_at(Timestamp now) const;
};

// Thread-safe.
class StoredKeys {
 public:
  // Null when there is no such key.
  Result<std::shared_ptr<const StoredKey>> find(catalog::Catalog& catalog, const std::string& region,
                                                const std::string& key_id);

 private:
  catalog::ReadCache<StoredKey> kept_{10'000};
};

}  // namespace coffer::services::kms
