// SPDX-License-Identifier: Apache-2.0
// Rows of KMS keys as bytes outside the catalog: what a continuous backup keeps of one call that made keys or
// material (docs/format/continuous-backup.md).
#pragma once
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "catalog/catalog.h"

namespace coffer::catalog {

// Each row as it is when the call is done.
struct ShippedKeys {
  std::vector<Key> keys = {};
  std::vector<BackingKey> backing_keys = {};
  std::vector<Alias> aliases = {};
  std::vector<CustomKeyStore> custom_key_stores = {};  // of the keys that are in one
};

Bytes encode(const ShippedKeys& shipped);
// Pure and bounded: takes nothing but what encode() writes. kCorrupt, kTooNew.
Result<ShippedKeys> parse_shipped_keys(ByteView bytes);

// Each row in place of the one that is there; but a custom key store that is there stays. kUnavailable when a
// token is under a domain key that is too old for this catalog (Transaction): the call that shipped it was
// refused for the same reason.
Status store(Transaction& transaction, const ShippedKeys& shipped);

}  // namespace coffer::catalog
