// SPDX-License-Identifier: Apache-2.0
// Aliases of KMS keys.
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

Alias read_alias(Query& row) {
  Alias alias;
  alias.account = row.text();
  alias.region = row.text();
  alias.name = row.text();
  alias.target_key_id = row.text();
  alias.created = row.time();
  alias.updated = row.time();
  return alias;
}

}  // namespace

Status SqliteTransaction::insert_alias(const Alias& alias) {
  Query query(connection_,
              "INSERT INTO aliases (account, region, name, target_key_id, created, updated)"
              " VALUES (?, ?, ?, ?, ?, ?)");
  return query
      .bind(alias.account, alias.region, alias.name, alias.target_key_id, alias.created, alias.updated)
      .run();
}

Status SqliteTransaction::update_alias(const Alias& alias) {
  Query query(connection_,
              "UPDATE aliases SET target_key_id = ?, updated = ?"
              " WHERE account = ? AND region = ? AND name = ?");
  COFFER_CHECK(query.bind(alias.target_key_id, alias.updated, alias.account, alias.region, alias.name).run());
  return expect_changed("alias " + alias.name);
}

Status SqliteTransaction::remove_alias(const std::string& account, const std::string& region,
                                       const std::string& name) {
  Query query(connection_, "DELETE FROM aliases WHERE account = ? AND region = ? AND name = ?");
  COFFER_CHECK(query.bind(account, region, name).run());
  return expect_changed("alias " + name);
}

Result<std::optional<Alias>> SqliteTransaction::alias(const std::string& account, const std::string& region,
                                                      const std::string& name) {
  Query query(connection_,
              "SELECT account, region, name, target_key_id, created, updated FROM aliases"
              " WHERE account = ? AND region = ? AND name = ?");
  query.bind(account, region, name);
  return first_row(query, read_alias);
}

Result<std::vector<Alias>> SqliteTransaction::aliases(const std::string& account, const std::string& region,
                                                      const std::string& only_key_id,
                                                      const std::string& after, size_t limit) {
  if (only_key_id.empty()) {
    Query query(connection_,
                "SELECT account, region, name, target_key_id, created, updated FROM aliases"
                " WHERE account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?");
    query.bind(account, region, after, limit);
    return rows(query, read_alias);
  }
  Query query(connection_,
              "SELECT account, region, name, target_key_id, created, updated FROM aliases"
              " WHERE account = ? AND region = ? AND target_key_id = ? AND name > ? ORDER BY name LIMIT ?");
  query.bind(account, region, only_key_id, after, limit);
  return rows(query, read_alias);
}

Result<size_t> SqliteTransaction::count_aliases(const std::string& region, const std::string& key_id) {
  Query query(connection_, "SELECT COUNT(*) FROM aliases WHERE region = ? AND target_key_id = ?");
  query.bind(region, key_id);
  COFFER_TRY(row, query.next());
  return row ? static_cast<size_t>(query.integer()) : 0;
}

}  // namespace coffer::catalog
