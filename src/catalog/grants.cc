// SPDX-License-Identifier: Apache-2.0
// Grants on KMS keys.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

constexpr const char* kNone = "none";
constexpr const char* kEquals = "equals";
constexpr const char* kSubset = "subset";

const char* name_of(Grant::Constraint constraint) {
  if (constraint == Grant::Constraint::kContextEquals) return kEquals;
  return constraint == Grant::Constraint::kContextSubset ? kSubset : kNone;
}

Grant::Constraint constraint_of(const std::string& name) {
  if (name == kEquals) return Grant::Constraint::kContextEquals;
  return name == kSubset ? Grant::Constraint::kContextSubset : Grant::Constraint::kNone;
}

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> found;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    found.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return found;
}

Grant read_grant(Query& row) {
  Grant grant;
  grant.id = row.text();
  grant.key_id = row.text();
  grant.region = row.text();
  grant.issuing_account = row.text();
  grant.name = row.text();
  grant.grantee_principal = row.text();
  grant.retiring_principal = row.text();
  grant.operations = words(row.text());
  grant.constraint = constraint_of(row.text());
  grant.created = row.time();
  return grant;
}

#define COFFER_GRANT_COLUMNS                                                                             \
  "SELECT id, key_id, region, issuing_account, name, grantee_principal, retiring_principal, operations," \
  " context_constraint, created FROM grants "

}  // namespace

Status SqliteTransaction::insert_grant(const Grant& grant) {
  Query insert(connection_,
               "INSERT INTO grants (id, key_id, region, issuing_account, name, grantee_principal,"
               " retiring_principal, operations, context_constraint, created)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  COFFER_CHECK(insert
                   .bind(grant.id, grant.key_id, grant.region, grant.issuing_account, grant.name,
                         grant.grantee_principal, grant.retiring_principal,
                         fmt::format("{}", fmt::join(grant.operations, " ")),
                         std::string(name_of(grant.constraint)), grant.created)
                   .run());
  for (const auto& [name, value] : grant.constraint_context) {
    Query pair(connection_, "INSERT INTO grant_contexts (grant_id, name, value) VALUES (?, ?, ?)");
    COFFER_CHECK(pair.bind(grant.id, name, value).run());
  }
  return {};
}

Status SqliteTransaction::remove_grant(const std::string& id) {
  Query contexts(connection_, "DELETE FROM grant_contexts WHERE grant_id = ?");
  COFFER_CHECK(contexts.bind(id).run());
  Query query(connection_, "DELETE FROM grants WHERE id = ?");
  COFFER_CHECK(query.bind(id).run());
  return expect_changed("grant " + id);
}

Status SqliteTransaction::add_contexts(std::vector<Grant>& grants) {
  for (Grant& grant : grants) {
    if (grant.constraint == Grant::Constraint::kNone) continue;
    Query query(connection_, "SELECT name, value FROM grant_contexts WHERE grant_id = ?");
    query.bind(grant.id);
    COFFER_TRY(pairs, rows(query, [](Query& row) {
                 std::string name = row.text();
                 return std::pair(std::move(name), row.text());
               }));
    grant.constraint_context.insert(pairs.begin(), pairs.end());
  }
  return {};
}

Result<std::optional<Grant>> SqliteTransaction::grant(const std::string& region, const std::string& id) {
  Query query(connection_, COFFER_GRANT_COLUMNS "WHERE region = ? AND id = ?");
  query.bind(region, id);
  COFFER_TRY(found, rows(query, read_grant));
  COFFER_CHECK(add_contexts(found));
  if (found.empty()) return std::optional<Grant>();
  return std::optional(std::move(found.front()));
}

Result<std::vector<Grant>> SqliteTransaction::grants_of_key(const GrantFilter& filter,
                                                            const std::string& after, size_t limit) {
  Query query(connection_, COFFER_GRANT_COLUMNS
              "WHERE key_id = ?1 AND region = ?2 AND id > ?3 AND (?4 = '' OR id = ?4)"
              " AND (?5 = '' OR grantee_principal = ?5) ORDER BY id LIMIT ?6");
  query.bind(filter.key_id, filter.region, after, filter.id, filter.grantee_principal, limit);
  COFFER_TRY(found, rows(query, read_grant));
  COFFER_CHECK(add_contexts(found));
  return found;
}

Result<std::vector<Grant>> SqliteTransaction::grants_to(const std::string& region, const std::string& key_id,
                                                        const std::string& grantee_principal) {
  Query query(connection_, COFFER_GRANT_COLUMNS
              "WHERE key_id = ? AND region = ? AND grantee_principal = ? ORDER BY created, id");
  query.bind(key_id, region, grantee_principal);
  COFFER_TRY(found, rows(query, read_grant));
  COFFER_CHECK(add_contexts(found));
  return found;
}

Result<size_t> SqliteTransaction::count_grants(const std::string& region, const std::string& key_id) {
  Query query(connection_, "SELECT COUNT(*) FROM grants WHERE key_id = ? AND region = ?");
  query.bind(key_id, region);
  COFFER_TRY(counted, first_row(query, [](Query& row) { return row.integer(); }));
  return static_cast<size_t>(counted.value_or(0));
}

Result<std::vector<Grant>> SqliteTransaction::retirable_grants(const std::string& region,
                                                               const std::string& retiring_principal,
                                                               const std::string& after, size_t limit) {
  Query query(connection_, COFFER_GRANT_COLUMNS
              "WHERE retiring_principal = ? AND region = ? AND id > ? ORDER BY id LIMIT ?");
  query.bind(retiring_principal, region, after, limit);
  COFFER_TRY(found, rows(query, read_grant));
  COFFER_CHECK(add_contexts(found));
  return found;
}

}  // namespace coffer::catalog
