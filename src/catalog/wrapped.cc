// SPDX-License-Identifier: Apache-2.0
// What keyd has wrapped under its domain key, as a rotation of that key goes through it. A column that is
// added to the catalog and holds such a thing belongs here (tests/unit/catalog/wrapped_columns_test.cc asks).
#include "catalog/transaction.h"

namespace coffer::catalog {

Result<std::vector<BackingKey>> SqliteTransaction::backing_keys_after(const BackingKey& after, size_t limit) {
  Query query(connection_,
              "SELECT region, key_id, version, token FROM backing_keys"
              " WHERE (region, key_id, version) > (?, ?, ?) AND length(token) > 0 ORDER BY region, key_id, "
              "version LIMIT ?");
  query.bind(after.region, after.key_id, after.version, limit);
  return rows(query, [](Query& row) {
    BackingKey backing_key;
    backing_key.region = row.text();
    backing_key.key_id = row.text();
    backing_key.version = static_cast<uint32_t>(row.integer());
    backing_key.token = row.blob();
    return backing_key;
  });
}

Status SqliteTransaction::replace_token(const BackingKey& old_token, const Bytes& token) {
  Query query(
      connection_,
      "UPDATE backing_keys SET token = ? WHERE region = ? AND key_id = ? AND version = ? AND token = ?");
  return query.bind(token, old_token.region, old_token.key_id, old_token.version, old_token.token).run();
}

Result<std::vector<AccessKey>> SqliteTransaction::access_keys_after(const std::string& id, size_t limit) {
  Query query(connection_,
              "SELECT id, wrapped_secret FROM access_keys WHERE id > ?1"
              " UNION ALL SELECT access_key_id, wrapped_secret FROM sessions WHERE access_key_id > ?1"
              " ORDER BY 1 LIMIT ?2");
  query.bind(id, limit);
  return rows(query, [](Query& row) {
    AccessKey key;
    key.id = row.text();
    key.wrapped_secret = row.blob();
    return key;
  });
}

Status SqliteTransaction::replace_wrapped_secret(const AccessKey& old_key, const Bytes& wrapped_secret) {
  // The id is in one of the two tables only.
  Query query(connection_, "UPDATE access_keys SET wrapped_secret = ? WHERE id = ? AND wrapped_secret = ?");
  COFFER_CHECK(query.bind(wrapped_secret, old_key.id, old_key.wrapped_secret).run());
  Query session(connection_,
                "UPDATE sessions SET wrapped_secret = ? WHERE access_key_id = ? AND wrapped_secret = ?");
  return session.bind(wrapped_secret, old_key.id, old_key.wrapped_secret).run();
}

Result<size_t> SqliteTransaction::count_wrapped() {
  return count(
      "SELECT (SELECT COUNT(*) FROM backing_keys WHERE length(token) > 0) + (SELECT COUNT(*) FROM "
      "access_keys) + (SELECT COUNT(*) FROM sessions)");
}

}  // namespace coffer::catalog
