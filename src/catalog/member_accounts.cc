// SPDX-License-Identifier: Apache-2.0
// The accounts in organizations, and what became of requests to make some.
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

MemberAccount read_member(Query& row) {
  MemberAccount member;
  member.account = row.text();
  member.organization_id = row.text();
  member.parent_id = row.text();
  member.name = row.text();
  member.email = row.text();
  member.joined_method = row.text();
  member.joined = row.time();
  member.closed = row.optional_time();
  return member;
}

#define COFFER_MEMBER_COLUMNS \
  "account, organization_id, parent_id, name, email, joined_method, joined, closed"

AccountCreation read_creation(Query& row) {
  AccountCreation creation;
  creation.id = row.text();
  creation.organization_id = row.text();
  creation.account_name = row.text();
  creation.state = row.text();
  creation.failure_reason = row.text();
  creation.account = row.text();
  creation.requested = row.time();
  creation.completed = row.time();
  return creation;
}

#define COFFER_CREATION_COLUMNS \
  "id, organization_id, account_name, state, failure_reason, account, requested, completed"

}  // namespace

Status SqliteTransaction::insert_member_account(const MemberAccount& member) {
  Query query(connection_,
              "INSERT INTO member_accounts (account, organization_id, parent_id, joined_method, joined)"
              " VALUES (?, ?, ?, ?, ?)");
  COFFER_CHECK(
      query
          .bind(member.account, member.organization_id, member.parent_id, member.joined_method, member.joined)
          .run());
  Query account(connection_, "UPDATE accounts SET name = ?, email = ? WHERE id = ?");
  COFFER_CHECK(account.bind(member.name, member.email, member.account).run());
  return expect_changed("account " + member.account);
}

Status SqliteTransaction::move_member_account(const std::string& account, const std::string& parent_id) {
  Query query(connection_, "UPDATE member_accounts SET parent_id = ? WHERE account = ?");
  COFFER_CHECK(query.bind(parent_id, account).run());
  return expect_changed("member account " + account);
}

Status SqliteTransaction::remove_member_account(const std::string& account) {
  COFFER_CHECK(replace_tags(account, {}));
  Query attachments(connection_, "DELETE FROM organization_policy_attachments WHERE target_id = ?");
  COFFER_CHECK(attachments.bind(account).run());
  Query delegations(connection_, "DELETE FROM delegated_administrators WHERE account = ?");
  COFFER_CHECK(delegations.bind(account).run());
  Query query(connection_, "DELETE FROM member_accounts WHERE account = ?");
  COFFER_CHECK(query.bind(account).run());
  return expect_changed("member account " + account);
}

Result<std::optional<MemberAccount>> SqliteTransaction::member_account(const std::string& account) {
  Query query(connection_, "SELECT " COFFER_MEMBER_COLUMNS
                           " FROM member_accounts JOIN accounts ON id = account WHERE account = ?");
  query.bind(account);
  return first_row(query, read_member);
}

Result<bool> SqliteTransaction::is_email_of_account(const std::string& email) {
  Query query(connection_, "SELECT 1 FROM accounts WHERE email = ? COLLATE NOCASE AND email <> ''");
  query.bind(email);
  return query.next();
}

Result<std::vector<MemberAccount>> SqliteTransaction::member_accounts(const std::string& organization_id,
                                                                      const std::string& parent_id,
                                                                      const std::string& after,
                                                                      size_t limit) {
  Query query(connection_, "SELECT " COFFER_MEMBER_COLUMNS
                           " FROM member_accounts JOIN accounts ON id = account WHERE organization_id = ?1 "
                           "AND (?2 = '' OR parent_id = ?2)"
                           " AND account > ?3 ORDER BY account LIMIT ?4");
  query.bind(organization_id, parent_id, after, limit);
  return rows(query, read_member);
}

Status SqliteTransaction::insert_account_creation(const AccountCreation& creation) {
  Query query(connection_,
              "INSERT INTO account_creations (" COFFER_CREATION_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  return query
      .bind(creation.id, creation.organization_id, creation.account_name, creation.state,
            creation.failure_reason, creation.account, creation.requested, creation.completed)
      .run();
}

Result<std::optional<AccountCreation>> SqliteTransaction::account_creation(const std::string& id) {
  Query query(connection_, "SELECT " COFFER_CREATION_COLUMNS " FROM account_creations WHERE id = ?");
  query.bind(id);
  return first_row(query, read_creation);
}

Result<std::vector<AccountCreation>> SqliteTransaction::account_creations(const std::string& organization_id,
                                                                          const std::string& after,
                                                                          size_t limit) {
  Query query(connection_, "SELECT " COFFER_CREATION_COLUMNS
                           " FROM account_creations WHERE organization_id = ? AND id > ? ORDER BY id"
                           " LIMIT ?");
  query.bind(organization_id, after, limit);
  return rows(query, read_creation);
}

}  // namespace coffer::catalog
