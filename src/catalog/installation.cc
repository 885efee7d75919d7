// SPDX-License-Identifier: Apache-2.0
// Settings and hosts of the installation, and what several kinds of rows need.
#include "catalog/transaction.h"

namespace coffer::catalog {

Result<std::optional<std::string>> SqliteTransaction::setting(const std::string& name) {
  Query query(connection_, "SELECT value FROM settings WHERE name = ?");
  query.bind(name);
  return first_row(query, [](Query& row) { return row.text(); });
}

Status SqliteTransaction::set_setting(const std::string& name, const std::string& value) {
  if (is_wrapped_setting(name))
    return fail(ErrorKind::kInternal, "catalog: the setting " + name + " is stored as a wrapped one");
  return store_setting(name, value);
}

Status SqliteTransaction::store_setting(const std::string& name, const std::string& value) {
  Query query(connection_,
              "INSERT INTO settings (name, value) VALUES (?, ?)"
              " ON CONFLICT (name) DO UPDATE SET value = excluded.value");
  return query.bind(name, value).run();
}

Status SqliteTransaction::insert_instance(const Instance& instance) {
  Query query(connection_, "INSERT INTO instances (id, account, name, created) VALUES (?, ?, ?, ?)");
  return query.bind(instance.id, instance.account, instance.name, instance.created).run();
}

Result<std::vector<Instance>> SqliteTransaction::instances() {
  Query query(connection_, "SELECT id, account, name, created FROM instances ORDER BY id");
  return rows(query, [](Query& row) {
    Instance instance;
    instance.id = row.text();
    instance.account = row.text();
    instance.name = row.text();
    instance.created = row.time();
    return instance;
  });
}

Status SqliteTransaction::replace_tags(const std::string& resource_id, const Tags& tags) {
  Query remove(connection_, "DELETE FROM tags WHERE resource_id = ?");
  COFFER_CHECK(remove.bind(resource_id).run());
  int64_t position = 0;
  for (const auto& [name, value] : tags) {
    Query insert(connection_, "INSERT INTO tags (resource_id, position, name, value) VALUES (?, ?, ?, ?)");
    COFFER_CHECK(insert.bind(resource_id, position++, name, value).run());
  }
  return {};
}

Result<SqliteTransaction::Tags> SqliteTransaction::tags(const std::string& resource_id) {
  Query query(connection_, "SELECT name, value FROM tags WHERE resource_id = ? ORDER BY position");
  query.bind(resource_id);
  return rows(query, [](Query& row) {
    std::pair<std::string, std::string> tag;
    tag.first = row.text();
    tag.second = row.text();
    return tag;
  });
}

Result<size_t> SqliteTransaction::count(const char* sql) {
  Query query(connection_, sql);
  COFFER_TRY(row, query.next());
  return row ? static_cast<size_t>(query.integer()) : 0;
}

Status SqliteTransaction::expect_changed(const std::string& what) {
  if (sqlite3_changes64(connection_.handle()) > 0) return {};
  return fail(ErrorKind::kNotFound, "catalog: there is no " + what);
}

}  // namespace coffer::catalog
