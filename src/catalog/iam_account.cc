// SPDX-License-Identifier: Apache-2.0
// What IAM knows of an account as a whole: its alias, how much it has, which service-linked roles it deleted.
#include "catalog/transaction.h"

namespace coffer::catalog {

Status SqliteTransaction::set_account_alias(const std::string& account, const std::string& alias) {
  Query taken(connection_, "SELECT account FROM account_aliases WHERE alias = ?");
  taken.bind(alias);
  COFFER_TRY(holder, first_row(taken, [](Query& row) { return row.text(); }));
  if (holder) return fail(ErrorKind::kConflict, "catalog: the alias " + alias + " is taken");
  Query query(connection_, "INSERT OR REPLACE INTO account_aliases (account, alias) VALUES (?, ?)");
  return query.bind(account, alias).run();
}

Status SqliteTransaction::remove_account_alias(const std::string& account, const std::string& alias) {
  Query query(connection_, "DELETE FROM account_aliases WHERE account = ? AND alias = ?");
  COFFER_CHECK(query.bind(account, alias).run());
  return expect_changed("alias " + alias);
}

Result<std::optional<std::string>> SqliteTransaction::account_alias(const std::string& account) {
  Query query(connection_, "SELECT alias FROM account_aliases WHERE account = ?");
  query.bind(account);
  return first_row(query, [](Query& row) { return row.text(); });
}

Result<IamCounts> SqliteTransaction::count_iam(const std::string& account) {
  Query query(connection_,
              "SELECT (SELECT COUNT(*) FROM iam_entities WHERE account = ?1 AND kind = 'user'),"
              " (SELECT COUNT(*) FROM iam_entities WHERE account = ?1 AND kind = 'group'),"
              " (SELECT COUNT(*) FROM iam_entities WHERE account = ?1 AND kind = 'role'),"
              " (SELECT COUNT(*) FROM iam_managed_policies WHERE account = ?1),"
              " (SELECT COUNT(*) FROM iam_policy_versions WHERE policy_arn IN"
              "  (SELECT arn FROM iam_managed_policies WHERE account = ?1)),"
              " (SELECT COUNT(*) FROM iam_instance_profiles WHERE account = ?1),"
              " (SELECT COUNT(*) FROM iam_identity_providers WHERE account = ?1),"
              " (SELECT COUNT(*) FROM mfa_devices WHERE account = ?1),"
              " (SELECT COUNT(*) FROM mfa_devices WHERE account = ?1 AND user_id <> '')");
  query.bind(account);
  COFFER_TRY(counted, first_row(query, [&](Query& row) {
               IamCounts counts;
               for (int32_t* each : {&counts.users, &counts.groups, &counts.roles, &counts.policies,
                                     &counts.policy_versions, &counts.instance_profiles, &counts.providers,
                                     &counts.mfa_devices, &counts.mfa_devices_in_use})
                 *each = static_cast<int32_t>(row.integer());
               return counts;
             }));
  return counted.value_or(IamCounts());
}

// Each by an index that begins with the account.
Result<size_t> SqliteTransaction::count_iam(const std::string& account, std::string_view kind) {
  const char* sql = "SELECT COUNT(*) FROM iam_entities WHERE account = ? AND kind = ?";
  const bool entity = kind == "user" || kind == "group" || kind == "role";
  if (kind == "policy") sql = "SELECT COUNT(*) FROM iam_managed_policies WHERE account = ?";
  if (kind == "instance-profile") sql = "SELECT COUNT(*) FROM iam_instance_profiles WHERE account = ?";
  if (kind == "oidc-provider") sql = "SELECT COUNT(*) FROM iam_identity_providers WHERE account = ?";
  Query query(connection_, sql);
  entity ? query.bind(account, std::string(kind)) : query.bind(account);
  COFFER_TRY(number, first_row(query, [](Query& row) { return static_cast<size_t>(row.integer()); }));
  return number.value_or(0);
}

Status SqliteTransaction::insert_role_deletion(const std::string& account, const std::string& task_id,
                                               Timestamp now) {
  Query query(connection_, "INSERT INTO iam_role_deletions (account, task_id, ended) VALUES (?, ?, ?)");
  return query.bind(account, task_id, now).run();
}

Result<bool> SqliteTransaction::has_role_deletion(const std::string& account, const std::string& task_id) {
  Query query(connection_, "SELECT 1 FROM iam_role_deletions WHERE account = ? AND task_id = ?");
  query.bind(account, task_id);
  return query.next();
}

}  // namespace coffer::catalog
