// SPDX-License-Identifier: Apache-2.0
// Imported key material in the catalog: its end, by a call or because its time is over. What stays is its id,
// so that only the same can be imported again.
// Source: AWS KMS Developer Guide, "Deleting imported key material", "Setting an expiration time".
#pragma once
#include "catalog/catalog.h"
#include "services/installation.h"

namespace coffer::services::kms {

// The key as it is at `now`: pending import once material of it has expired, whether or not that has been
// written down already. Other keys stay as they are.
Status note_expiry(catalog::Transaction& transaction, catalog::Key& key, Timestamp now);
// The same where its materials were read with it.
void note_expiry(catalog::Key& key, const std::vector<catalog::BackingKey>& materials, Timestamp now);

// Erases the token of the material and makes its key pending import, unless that is pending deletion. The
// caller lets the catalog erase what was deleted.
Status erase_material(catalog::Transaction& transaction, catalog::Key key, catalog::BackingKey material);

// Erases all material whose time is over, with a record of each (DeleteExpiredKeyMaterial). For a worker.
Status expire_imported_material(Installation& installation);

}  // namespace coffer::services::kms
