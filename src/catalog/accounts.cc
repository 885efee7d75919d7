// SPDX-License-Identifier: Apache-2.0
// Accounts and their access keys.
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

Account read_account(Query& row) {
  Account account;
  account.id = row.text();
  account.created = row.time();
  return account;
}

}  // namespace

Status SqliteTransaction::insert_account(const Account& account) {
  Query query(connection_, "INSERT INTO accounts (id, created) VALUES (?, ?)");
  return query.bind(account.id, account.created).run();
}

Result<std::optional<Account>> SqliteTransaction::account(const std::string& id) {
  Query query(connection_, "SELECT id, created FROM accounts WHERE id = ?");
  query.bind(id);
  return first_row(query, read_account);
}

Result<std::vector<Account>> SqliteTransaction::accounts() {
  Query query(connection_, "SELECT id, created FROM accounts ORDER BY id");
  return rows(query, read_account);
}

Status SqliteTransaction::insert_access_key(const AccessKey& key) {
  Query query(connection_,
              "INSERT INTO access_keys (id, account, principal_arn, wrapped_secret, active, created)"
              " VALUES (?, ?, ?, ?, ?, ?)");
  return query.bind(key.id, key.account, key.principal_arn, key.wrapped_secret, key.active, key.created)
      .run();
}

Result<std::optional<AccessKey>> SqliteTransaction::access_key(const std::string& id) {
  Query query(
      connection_,
      "SELECT id, account, principal_arn, wrapped_secret, active, created FROM access_keys WHERE id = ?");
  query.bind(id);
  return first_row(query, [](Query& row) {
    AccessKey key;
    key.id = row.text();
    key.account = row.text();
    key.principal_arn = row.text();
    key.wrapped_secret = row.blob();
    key.active = row.boolean();
    key.created = row.time();
    return key;
  });
}

}  // namespace coffer::catalog
