// SPDX-License-Identifier: Apache-2.0
// KMS keys, their backing keys (as keyd's tokens) and their aliases.
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

Key read_key(Query& row) {
  Key key;
  key.id = row.text();
  key.account = row.text();
  key.region = row.text();
  key.description = row.text();
  key.policy = row.text();
  key.state = row.text();
  key.manager = row.text();
  key.usage = row.text();
  key.spec = row.text();
  key.origin = row.text();
  key.multi_region = row.boolean();
  key.created = row.time();
  key.current_version = static_cast<uint32_t>(row.integer());
  return key;
}

}  // namespace

Status SqliteTransaction::insert_key(const Key& key, const BackingKey& backing_key) {
  Query insert(
      connection_,
      "INSERT INTO keys (id, account, region, description, policy, state, manager, usage, spec, origin,"
      " multi_region, created, current_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  COFFER_CHECK(insert
                   .bind(key.id, key.account, key.region, key.description, key.policy, key.state, key.manager,
                         key.usage, key.spec, key.origin, key.multi_region, key.created, key.current_version)
                   .run());
  Query token(connection_, "INSERT INTO backing_keys (key_id, version, token) VALUES (?, ?, ?)");
  COFFER_CHECK(token.bind(backing_key.key_id, backing_key.version, backing_key.token).run());
  return replace_tags(key.id, key.tags);
}

Status SqliteTransaction::set_key_state(const std::string& key_id, const std::string& state) {
  Query query(connection_, "UPDATE keys SET state = ? WHERE id = ?");
  COFFER_CHECK(query.bind(state, key_id).run());
  return expect_changed("key " + key_id);
}

Result<std::optional<Key>> SqliteTransaction::key(const std::string& region, const std::string& key_id) {
  Query query(
      connection_,
      "SELECT id, account, region, description, policy, state, manager, usage, spec, origin, multi_region,"
      " created, current_version FROM keys WHERE region = ? AND id = ?");
  query.bind(region, key_id);
  COFFER_TRY(found, first_row(query, read_key));
  if (found) {
    COFFER_TRY(its_tags, tags(key_id));
    found->tags = std::move(its_tags);
  }
  return found;
}

Result<std::optional<BackingKey>> SqliteTransaction::backing_key(const std::string& key_id,
                                                                 uint32_t version) {
  Query query(connection_,
              "SELECT key_id, version, token FROM backing_keys WHERE key_id = ? AND version = ?");
  query.bind(key_id, version);
  return first_row(query, [](Query& row) {
    BackingKey backing_key;
    backing_key.key_id = row.text();
    backing_key.version = static_cast<uint32_t>(row.integer());
    backing_key.token = row.blob();
    return backing_key;
  });
}

Result<std::vector<std::string>> SqliteTransaction::key_ids(const std::string& account,
                                                            const std::string& region,
                                                            const std::string& after, size_t limit) {
  Query query(connection_,
              "SELECT id FROM keys WHERE account = ? AND region = ? AND id > ? ORDER BY id LIMIT ?");
  query.bind(account, region, after, limit);
  return rows(query, [](Query& row) { return row.text(); });
}

Result<size_t> SqliteTransaction::count_keys() {
  return count("SELECT COUNT(*) FROM keys");
}

Status SqliteTransaction::insert_alias(const Alias& alias) {
  Query query(connection_,
              "INSERT INTO aliases (account, region, name, target_key_id, created, updated)"
              " VALUES (?, ?, ?, ?, ?, ?)");
  return query
      .bind(alias.account, alias.region, alias.name, alias.target_key_id, alias.created, alias.updated)
      .run();
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

}  // namespace coffer::catalog
