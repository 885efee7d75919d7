// SPDX-License-Identifier: Apache-2.0
#include "services/known_principals.h"

#include <algorithm>

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

// Of a name in the DNS, in lower case.
bool is_label(std::string_view label) {
  constexpr size_t kLongestLabel = 63;
  return !label.empty() && label.size() <= kLongestLabel && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(
             label, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

Result<std::optional<UnknownPrincipal>> unknown_principal_of(catalog::Transaction& transaction,
                                                             const policy::PrincipalElement& element) {
  for (const std::string& principal : element.aws) {
    COFFER_TRY(exists, principal_exists(transaction, principal));
    if (!exists) return UnknownPrincipal{"AWS", principal};
  }
  for (const std::string& service : element.services)
    if (!is_service_principal(service)) return UnknownPrincipal{"SERVICE", service};
  return std::optional<UnknownPrincipal>();
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

bool is_service_principal(std::string_view name) {
  // Alexa's are the only two of another domain.
  if (name == "alexa-appkit.amazon.com" || name == "alexa-connectedhome.amazon.com") return true;
  constexpr std::string_view kDomain = ".amazonaws.com";
  if (!name.ends_with(kDomain)) return false;
  name.remove_suffix(kDomain.size());
  for (;;) {
    const size_t end = std::min(name.find('.'), name.size());
    if (!is_label(name.substr(0, end))) return false;
    if (end == name.size()) return true;
    name.remove_prefix(end + 1);
  }
}

Result<std::optional<UnknownPrincipal>> unknown_principal(catalog::Catalog& catalog,
                                                          const policy::Document& document) {
  std::optional<UnknownPrincipal> unknown;
  COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
    for (const auto& statement : document.statements) {
      if (!statement.principal) continue;
      COFFER_TRY(found, unknown_principal_of(transaction, *statement.principal));
      unknown = std::move(found);
      if (unknown) return {};
    }
    return {};
  }));
  return unknown;
}

}  // namespace coffer::services
