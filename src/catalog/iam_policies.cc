// SPDX-License-Identifier: Apache-2.0
// Inline and managed policies, and to whom they are attached.
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

NamedPolicy read_named(Query& row) {
  NamedPolicy policy;
  policy.name = row.text();
  policy.document = row.text();
  return policy;
}

ManagedPolicy read_managed(Query& row) {
  ManagedPolicy policy;
  policy.arn = row.text();
  policy.id = row.text();
  policy.account = row.text();
  policy.path = row.text();
  policy.name = row.text();
  policy.description = row.text();
  policy.default_version = static_cast<uint32_t>(row.integer());
  policy.newest_version = static_cast<uint32_t>(row.integer());
  policy.created = row.time();
  policy.updated = row.time();
  return policy;
}

#define COFFER_POLICY_COLUMNS \
  "arn, id, account, path, name, description, default_version, newest_version, created, updated"

}  // namespace

Status SqliteTransaction::put_inline_policy(const std::string& entity_id, const NamedPolicy& policy) {
  Query query(connection_,
              "INSERT INTO iam_inline_policies (entity_id, name, document) VALUES (?, ?, ?)"
              " ON CONFLICT (entity_id, name) DO UPDATE SET document = excluded.document");
  return query.bind(entity_id, policy.name, policy.document).run();
}

Status SqliteTransaction::remove_inline_policy(const std::string& entity_id, const std::string& name) {
  Query query(connection_, "DELETE FROM iam_inline_policies WHERE entity_id = ? AND name = ?");
  COFFER_CHECK(query.bind(entity_id, name).run());
  return expect_changed("policy " + name);
}

Result<std::vector<NamedPolicy>> SqliteTransaction::inline_policies(const std::string& entity_id) {
  Query query(connection_,
              "SELECT name, document FROM iam_inline_policies WHERE entity_id = ? ORDER BY name");
  query.bind(entity_id);
  return rows(query, read_named);
}

Status SqliteTransaction::insert_managed_policy(const ManagedPolicy& policy) {
  Query query(connection_, "INSERT INTO iam_managed_policies (" COFFER_POLICY_COLUMNS
                           ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  COFFER_CHECK(query
                   .bind(policy.arn, policy.id, policy.account, policy.path, policy.name, policy.description,
                         policy.default_version, policy.newest_version, policy.created, policy.updated)
                   .run());
  return replace_tags(policy.id, policy.tags);
}

Status SqliteTransaction::update_managed_policy(const ManagedPolicy& policy) {
  Query query(connection_,
              "UPDATE iam_managed_policies SET default_version = ?, newest_version = ?, updated = ?"
              " WHERE arn = ?");
  COFFER_CHECK(query.bind(policy.default_version, policy.newest_version, policy.updated, policy.arn).run());
  return expect_changed("policy " + policy.arn);
}

Status SqliteTransaction::remove_managed_policy(const std::string& arn) {
  COFFER_TRY(policy, managed_policy(arn));
  if (policy) COFFER_CHECK(replace_tags(policy->id, {}));
  Query versions(connection_, "DELETE FROM iam_policy_versions WHERE policy_arn = ?");
  COFFER_CHECK(versions.bind(arn).run());
  Query query(connection_, "DELETE FROM iam_managed_policies WHERE arn = ?");
  COFFER_CHECK(query.bind(arn).run());
  return expect_changed("policy " + arn);
}

Result<std::optional<ManagedPolicy>> SqliteTransaction::managed_policy(const std::string& arn) {
  Query query(connection_, "SELECT " COFFER_POLICY_COLUMNS " FROM iam_managed_policies WHERE arn = ?");
  query.bind(arn);
  COFFER_TRY(found, first_row(query, read_managed));
  if (found) {
    COFFER_TRY(its_tags, tags(found->id));
    found->tags = std::move(its_tags);
  }
  return found;
}

Result<std::vector<ManagedPolicy>> SqliteTransaction::managed_policies(const std::string& account,
                                                                       const std::string& path_prefix,
                                                                       const std::string& after,
                                                                       size_t limit) {
  Query query(connection_, "SELECT " COFFER_POLICY_COLUMNS
                           " FROM iam_managed_policies WHERE account = ? AND substr(path, 1, length(?)) = ?"
                           " AND arn > ? ORDER BY arn LIMIT ?");
  query.bind(account, path_prefix, path_prefix, after, limit);
  return rows(query, read_managed);
}

Status SqliteTransaction::insert_policy_version(const PolicyVersion& version) {
  Query query(connection_,
              "INSERT INTO iam_policy_versions (policy_arn, version, document, created) VALUES (?, ?, ?, ?)");
  return query.bind(version.policy_arn, version.version, version.document, version.created).run();
}

Status SqliteTransaction::remove_policy_version(const std::string& arn, uint32_t version) {
  Query query(connection_, "DELETE FROM iam_policy_versions WHERE policy_arn = ? AND version = ?");
  COFFER_CHECK(query.bind(arn, version).run());
  return expect_changed("version of " + arn);
}

Result<std::vector<PolicyVersion>> SqliteTransaction::policy_versions(const std::string& arn) {
  Query query(connection_,
              "SELECT policy_arn, version, document, created FROM iam_policy_versions WHERE policy_arn = ?"
              " ORDER BY version DESC");
  query.bind(arn);
  return rows(query, [](Query& row) {
    PolicyVersion version;
    version.policy_arn = row.text();
    version.version = static_cast<uint32_t>(row.integer());
    version.document = row.text();
    version.created = row.time();
    return version;
  });
}

Status SqliteTransaction::attach_policy(const std::string& entity_id, const std::string& policy_arn) {
  Query query(connection_,
              "INSERT OR IGNORE INTO iam_attached_policies (entity_id, policy_arn) VALUES (?, ?)");
  return query.bind(entity_id, policy_arn).run();
}

Status SqliteTransaction::detach_policy(const std::string& entity_id, const std::string& policy_arn) {
  Query query(connection_, "DELETE FROM iam_attached_policies WHERE entity_id = ? AND policy_arn = ?");
  COFFER_CHECK(query.bind(entity_id, policy_arn).run());
  return expect_changed("attachment of " + policy_arn);
}

Result<std::vector<std::string>> SqliteTransaction::attached_policies(const std::string& entity_id) {
  Query query(connection_,
              "SELECT policy_arn FROM iam_attached_policies WHERE entity_id = ? ORDER BY policy_arn");
  query.bind(entity_id);
  return rows(query, [](Query& row) { return row.text(); });
}

}  // namespace coffer::catalog
