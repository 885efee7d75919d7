// SPDX-License-Identifier: Apache-2.0
// What names a user or role by its ARN: key policies, roles' trust policies, grants. As at AWS they mean the
// one that had the name when they were written: when it goes, its unique id takes the place of its ARN, so
// that another one of the same name inherits nothing; when it is renamed, its new ARN does. Source: IAM User
// Guide, "AWS JSON policy elements: Principal" (what happens when a principal is deleted).
#pragma once
#include <optional>
#include <string>

#include "catalog/connection.h"

namespace coffer::catalog {

// The policy with `to` for `from` wherever a Principal or NotPrincipal element has it; nothing where none
// does. Pure.
std::optional<std::string> with_principal(const std::string& policy, const std::string& from,
                                          const std::string& to);

// In all that the catalog holds. `name`: the entity's, which stands in each text that names it.
Status replace_principal(Connection& connection, const std::string& name, const std::string& from,
                         const std::string& to);

}  // namespace coffer::catalog
