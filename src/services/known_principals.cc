// SPDX-License-Identifier: Apache-2.0
#include "services/known_principals.h"

#include "policy/requester.h"
#include "services/arn.h"
#include "services/iam_names.h"

namespace coffer::services {
namespace {

Result<bool> entity_exists(catalog::Transaction& transaction, const Arn& arn, const std::string& text) {
  COFFER_TRY(account, transaction.account(arn.account));
  if (!account) return true;
  const bool user = arn.resource.starts_with("user/");
  COFFER_TRY(entity,
             transaction.iam_entity_named(arn.account, user ? "user" : "role", policy::entity_name(text)));
  if (!entity) return false;
  return arn.service == "sts" || entity_arn(*entity) == text;
}

}  // namespace

Result<bool> principal_exists(catalog::Transaction& transaction, const std::string& principal) {
  const auto arn = parse_arn(principal);
  if (!arn) {
    const bool unique_id = principal.starts_with("AIDA") || principal.starts_with("AROA");
    if (!unique_id) return true;
    COFFER_TRY(entity, transaction.iam_entity(principal));
    return entity.has_value();
  }
  for (const char* kind : {"user/", "role/", "assumed-role/"})
    if (arn->resource.starts_with(kind)) return entity_exists(transaction, *arn, principal);
  return true;
}

Result<std::optional<std::string>> unknown_principal(catalog::Catalog& catalog,
                                                     const policy::Document& document) {
  std::optional<std::string> unknown;
  COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
    for (const auto& statement : document.statements) {
      if (!statement.principal) continue;
      for (const std::string& principal : statement.principal->aws) {
        COFFER_TRY(exists, principal_exists(transaction, principal));
        if (!exists) unknown = principal;
        if (unknown) return {};
      }
    }
    return {};
  }));
  return unknown;
}

}  // namespace coffer::services
