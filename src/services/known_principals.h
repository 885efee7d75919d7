// SPDX-License-Identifier: Apache-2.0
// Does who a policy or a grant names exist? AWS refuses policies that name other users and roles: who made
// such a user later would have what was given; and services that it does not have. Principals of accounts
// that are not of this installation pass: they can never call here. Thread-safe.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "policy/document.h"

namespace coffer::services {

// By ARN, or by unique id ("AIDA..."). Root users, federated users and services are there.
Result<bool> principal_exists(catalog::Transaction& transaction, const std::string& principal);

// Has it the form of a service's name, "ec2.amazonaws.com" or "pods.eks.amazonaws.com"? AWS asks its own list
// of services, which it publishes nowhere in full (IAM User Guide, "AWS JSON policy elements: Principal",
// "AWS service principals"): to refuse a service that it has would be worse than to take one that it lacks.
bool is_service_principal(std::string_view name);

struct UnknownPrincipal {
  std::string kind;  // "AWS", "SERVICE": as AWS's message has it
  std::string name;
};
// The first principal of the document that does not exist; nothing when all do.
Result<std::optional<UnknownPrincipal>> unknown_principal(catalog::Catalog& catalog,
                                                          const policy::Document& document);

}  // namespace coffer::services
