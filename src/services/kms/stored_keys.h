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
#include "policy/document_cache.h"

namespace coffer::services::kms {

struct StoredKey {
  catalog::Key key;
  std::string arn;
  std::shared_ptr<const policy::Document> policy;  // the key's, read; null when it cannot be read
  std::vector<std::string> aliases;                // "alias/x"
  std::vector<catalog::BackingKey> materials;      // oldest first
  std::vector<std::string> material_ids;           // AWS's KeyMaterialId of each; empty where it has none
  // As it is by then: imported material may have expired, and nobody have noticed it yet.
  catalog::Key key_at(Timestamp now) const;
};

// One version of a key's material, with the key that it stands in.
struct StoredMaterial {
  std::shared_ptr<const StoredKey> key;
  size_t position = 0;
  const catalog::BackingKey& row() const { return key->materials[position]; }
  const std::string& id() const { return key->material_ids[position]; }
};

// Thread-safe.
class StoredKeys {
 public:
  // Null when there is no such key.
  Result<std::shared_ptr<const StoredKey>> find(catalog::Catalog& catalog, policy::DocumentCache& documents,
                                                const std::string& region, const std::string& key_id);

 private:
  catalog::ReadCache<StoredKey> kept_{10'000};
};

}  // namespace coffer::services::kms
