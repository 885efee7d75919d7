// SPDX-License-Identifier: Apache-2.0
#include "catalog/principal_references.h"

#include <nlohmann/json.hpp>
#include <tuple>
#include <vector>

namespace coffer::catalog {
namespace {

using Json = nlohmann::ordered_json;

bool replace_in(Json& value, const std::string& from, const std::string& to) {
  if (value.is_string()) {
    if (value.get_ref<const std::string&>() != from) return false;
    value = to;
    return true;
  }
  bool replaced = false;
  if (value.is_array() || value.is_object())
    for (auto& each : value) replaced |= replace_in(each, from, to);
  return replaced;
}

bool replace_in_statement(Json& statement, const std::string& from, const std::string& to) {
  bool replaced = false;
  for (const char* element : {"Principal", "NotPrincipal"})
    if (statement.is_object() && statement.contains(element))
      replaced |= replace_in(statement[element], from, to);
  return replaced;
}

// What may name it: the rest need not be read. A backslash may hide any character.
constexpr const char* kKeyPolicies =
    "SELECT region, id, policy FROM keys WHERE instr(policy, ?1) OR instr(policy, '\\')";
constexpr const char* kTrustPolicies =
    "SELECT '', id, trust_policy FROM iam_entities WHERE kind = 'role'"
    " AND (instr(trust_policy, ?1) OR instr(trust_policy, '\\'))";

Status replace_in_policies(Connection& connection, const char* select, const char* update,
                           const std::string& name, const std::string& from, const std::string& to) {
  Query query(connection, select);
  query.bind(name);
  COFFER_TRY(policies, rows(query, [](Query& row) {
               std::string region = row.text(), id = row.text();
               return std::tuple(std::move(region), std::move(id), row.text());
             }));
  for (const auto& [region, id, policy] : policies) {
    const auto replaced = with_principal(policy, from, to);
    if (!replaced) continue;
    Query change(connection, update);
    COFFER_CHECK(change.bind(*replaced, region, id).run());
  }
  return {};
}

}  // namespace

std::optional<std::string> with_principal(const std::string& policy, const std::string& from,
                                          const std::string& to) {
  Json json = Json::parse(policy, nullptr, false);
  if (!json.is_object() || !json.contains("Statement")) return std::nullopt;
  Json& statements = json["Statement"];
  bool replaced = false;
  if (statements.is_array())
    for (auto& statement : statements) replaced |= replace_in_statement(statement, from, to);
  else
    replaced = replace_in_statement(statements, from, to);
  if (!replaced) return std::nullopt;
  return json.dump();
}

Status replace_principal(Connection& connection, const std::string& name, const std::string& from,
                         const std::string& to) {
  COFFER_CHECK(replace_in_policies(
      connection, kKeyPolicies, "UPDATE keys SET policy = ?1 WHERE region = ?2 AND id = ?3", name, from, to));
  COFFER_CHECK(replace_in_policies(connection, kTrustPolicies,
                                   "UPDATE iam_entities SET trust_policy = ?1 WHERE ?2 = '' AND id = ?3",
                                   name, from, to));
  Query grantee(connection, "UPDATE grants SET grantee_principal = ?2 WHERE grantee_principal = ?1");
  COFFER_CHECK(grantee.bind(from, to).run());
  Query retiring(connection, "UPDATE grants SET retiring_principal = ?2 WHERE retiring_principal = ?1");
  return retiring.bind(from, to).run();
}

}  // namespace coffer::catalog
