// SPDX-License-Identifier: Apache-2.0
// The policies of organizations, and to what they are attached; the tags of all that organizations have.
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

OrganizationPolicy read_policy(Query& row) {
  OrganizationPolicy policy;
  policy.id = row.text();
  policy.organization_id = row.text();
  policy.type = row.text();
  policy.name = row.text();
  policy.description = row.text();
  policy.content = row.text();
  return policy;
}

std::string read_text(Query& row) {
  return row.text();
}

}  // namespace

Status SqliteTransaction::insert_organization_policy(const OrganizationPolicy& policy) {
  Query query(connection_,
              "INSERT INTO organization_policies (id, organization_id, type, name, description, content)"
              " VALUES (?, ?, ?, ?, ?, ?)");
  return query
      .bind(policy.id, policy.organization_id, policy.type, policy.name, policy.description, policy.content)
      .run();
}

Status SqliteTransaction::update_organization_policy(const OrganizationPolicy& policy) {
  Query query(connection_,
              "UPDATE organization_policies SET name = ?, description = ?, content = ? WHERE id = ?");
  COFFER_CHECK(query.bind(policy.name, policy.description, policy.content, policy.id).run());
  return expect_changed("policy " + policy.id);
}

Status SqliteTransaction::remove_organization_policy(const std::string& id) {
  COFFER_CHECK(replace_tags(id, {}));
  Query query(connection_, "DELETE FROM organization_policies WHERE id = ?");
  COFFER_CHECK(query.bind(id).run());
  return expect_changed("policy " + id);
}

Result<std::optional<OrganizationPolicy>> SqliteTransaction::organization_policy(const std::string& id) {
  Query query(connection_,
              "SELECT id, organization_id, type, name, description, content FROM organization_policies"
              " WHERE id = ?");
  query.bind(id);
  return first_row(query, read_policy);
}

Result<std::vector<OrganizationPolicy>> SqliteTransaction::organization_policies(
    const std::string& organization_id, const std::string& type, const std::string& after, size_t limit) {
  Query query(connection_,
              "SELECT id, organization_id, type, name, description, content FROM organization_policies"
              " WHERE organization_id = ? AND type = ? AND id > ? ORDER BY id LIMIT ?");
  query.bind(organization_id, type, after, limit);
  return rows(query, read_policy);
}

Result<size_t> SqliteTransaction::count_organization_policies(const std::string& organization_id,
                                                              const std::string& type) {
  Query query(connection_,
              "SELECT COUNT(*) FROM organization_policies WHERE organization_id = ? AND type = ?");
  query.bind(organization_id, type);
  COFFER_TRY(number, first_row(query, [](Query& row) { return static_cast<size_t>(row.integer()); }));
  return number.value_or(0);
}

Status SqliteTransaction::attach_organization_policy(const PolicyAttachment& attachment) {
  Query query(connection_,
              "INSERT INTO organization_policy_attachments (target_id, type, policy_id, organization_id)"
              " VALUES (?, ?, ?, ?)");
  return query.bind(attachment.target_id, attachment.type, attachment.policy_id, attachment.organization_id)
      .run();
}

Status SqliteTransaction::detach_organization_policy(const PolicyAttachment& attachment) {
  Query query(
      connection_,
      "DELETE FROM organization_policy_attachments WHERE target_id = ? AND type = ? AND policy_id = ?");
  COFFER_CHECK(query.bind(attachment.target_id, attachment.type, attachment.policy_id).run());
  return expect_changed("policy " + attachment.policy_id + " on " + attachment.target_id);
}

Status SqliteTransaction::detach_organization_policies(const std::string& organization_id,
                                                       const std::string& type) {
  Query query(connection_,
              "DELETE FROM organization_policy_attachments WHERE organization_id = ? AND type = ?");
  return query.bind(organization_id, type).run();
}

Result<std::vector<std::string>> SqliteTransaction::organization_policies_on(const std::string& target_id,
                                                                             const std::string& type) {
  Query query(connection_,
              "SELECT policy_id FROM organization_policy_attachments WHERE target_id = ? AND type = ?"
              " ORDER BY policy_id");
  query.bind(target_id, type);
  return rows(query, read_text);
}

Result<std::vector<std::string>> SqliteTransaction::organization_policy_targets(
    const std::string& organization_id, const std::string& policy_id, const std::string& after,
    size_t limit) {
  Query query(connection_,
              "SELECT target_id FROM organization_policy_attachments WHERE organization_id = ?"
              " AND policy_id = ? AND target_id > ? ORDER BY target_id LIMIT ?");
  query.bind(organization_id, policy_id, after, limit);
  return rows(query, read_text);
}

Status SqliteTransaction::replace_organization_tags(const std::string& id, const Tags& all) {
  return replace_tags(id, all);
}

Result<SqliteTransaction::Tags> SqliteTransaction::organization_tags(const std::string& id) {
  return tags(id);
}

}  // namespace coffer::catalog
