// SPDX-License-Identifier: Apache-2.0
// Do the users and roles exist that a policy or a grant names? AWS refuses one that names others: who made
// such a user later would have what was given. Principals of accounts that are not of this installation pass:
// they can never call here. Thread-safe.
#pragma once
#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "policy/document.h"

namespace coffer::services {

// By ARN, or by unique id ("AIDA..."). Root users, federated users and services are there.
Result<bool> principal_exists(catalog::Transaction& transaction, const std::string& principal);

// The first principal of the document that does not exist; nothing when all do.
Result<std::optional<std::string>> unknown_principal(catalog::Catalog& catalog,
                                                     const policy::Document& document);

}  // namespace coffer::services
