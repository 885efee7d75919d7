// SPDX-License-Identifier: Apache-2.0
// Accounts and their access keys.
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

Account read_account(Query& row) {
  Account account;
  account.id = row.text();
  account.created = row.time();
  account.closed = row.optional_time();
  account.name = row.text();
  account.email = row.text();
  return account;
}

AccessKey read_access_key(Query& row) {
  AccessKey key;
  key.id = row.text();
  key.account = row.text();
  key.principal_arn = row.text();
  key.wrapped_secret = row.blob();
  key.active = row.boolean();
  key.created = row.time();
  key.user_id = row.text();
  key.last_used = row.optional_time();
  key.last_service = row.text();
  key.last_region = row.text();
  return key;
}

}  // namespace

Status SqliteTransaction::insert_account(const Account& account) {
  Query query(connection_, "INSERT INTO accounts (id, created) VALUES (?, ?)");
  return query.bind(account.id, account.created).run();
}

Result<std::optional<Account>> SqliteTransaction::account(const std::string& id) {
  Query query(connection_, "SELECT id, created, closed, name, email FROM accounts WHERE id = ?");
  query.bind(id);
  return first_row(query, read_account);
}

Result<std::vector<Account>> SqliteTransaction::accounts() {
  Query query(connection_, "SELECT id, created, closed, name, email FROM accounts ORDER BY id");
  return rows(query, read_account);
}

Status SqliteTransaction::set_account_closed(const std::string& id, std::optional<Timestamp> closed) {
  Query query(connection_, "UPDATE accounts SET closed = ? WHERE id = ?");
  COFFER_CHECK(query.bind(closed, id).run());
  return expect_changed("account " + id);
}

Result<size_t> SqliteTransaction::count_closed_accounts() {
  return count("SELECT COUNT(*) FROM accounts WHERE closed IS NOT NULL");
}

Status SqliteTransaction::insert_access_key(const AccessKey& key) {
  COFFER_CHECK(allow_wrapped(WrappedSetting::Form::kSecret, key.wrapped_secret));
  Query query(connection_,
              "INSERT INTO access_keys (id, account, principal_arn, wrapped_secret, active, created, user_id)"
              " VALUES (?, ?, ?, ?, ?, ?, ?)");
  return query
      .bind(key.id, key.account, key.principal_arn, key.wrapped_secret, key.active, key.created, key.user_id)
      .run();
}

Result<std::optional<AccessKey>> SqliteTransaction::access_key(const std::string& id) {
  Query query(connection_,
              "SELECT id, account, principal_arn, wrapped_secret, active, created, user_id, last_used,"
              " last_service, last_region FROM access_keys WHERE id = ?");
  query.bind(id);
  return first_row(query, read_access_key);
}

Result<std::vector<AccessKey>> SqliteTransaction::access_keys_of(const std::string& account,
                                                                 const std::string& user_id) {
  Query query(connection_,
              "SELECT id, account, principal_arn, wrapped_secret, active, created, user_id, last_used,"
              " last_service, last_region FROM access_keys WHERE user_id = ? AND account = ? ORDER BY id");
  query.bind(user_id, account);
  return rows(query, read_access_key);
}

Status SqliteTransaction::set_access_key_active(const std::string& id, bool active) {
  Query query(connection_, "UPDATE access_keys SET active = ? WHERE id = ?");
  COFFER_CHECK(query.bind(active, id).run());
  return expect_changed("access key " + id);
}

Status SqliteTransaction::set_access_key_used(const std::string& id, Timestamp time,
                                              const std::string& service, const std::string& region) {
  Query query(connection_,
              "UPDATE access_keys SET last_used = ?, last_service = ?, last_region = ? WHERE id = ?",
              Query::Effect::kRecord);
  return query.bind(time, service, region, id).run();
}

Status SqliteTransaction::remove_access_key(const std::string& id) {
  Query query(connection_, "DELETE FROM access_keys WHERE id = ?");
  COFFER_CHECK(query.bind(id).run());
  return expect_changed("access key " + id);
}

}  // namespace coffer::catalog
