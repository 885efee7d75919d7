// SPDX-License-Identifier: Apache-2.0
// Organizations, their units, and invitations to them.
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

#define COFFER_ORGANIZATION_COLUMNS                                         \
  "id, management_account, root_id, feature_set, service_control_policies," \
  " resource_control_policies, created"

Organization read_organization(Query& row) {
  Organization organization;
  organization.id = row.text();
  organization.management_account = row.text();
  organization.root_id = row.text();
  organization.feature_set = row.text();
  organization.service_control_policies = row.boolean();
  organization.resource_control_policies = row.boolean();
  organization.created = row.time();
  return organization;
}

OrganizationalUnit read_unit(Query& row) {
  OrganizationalUnit unit;
  unit.id = row.text();
  unit.organization_id = row.text();
  unit.parent_id = row.text();
  unit.name = row.text();
  return unit;
}

Handshake read_handshake(Query& row) {
  Handshake handshake;
  handshake.id = row.text();
  handshake.organization_id = row.text();
  handshake.account = row.text();
  handshake.notes = row.text();
  handshake.state = row.text();
  handshake.requested = row.time();
  handshake.expires = row.time();
  return handshake;
}

}  // namespace

Status SqliteTransaction::insert_organization(const Organization& organization) {
  Query query(connection_,
              "INSERT INTO organizations (" COFFER_ORGANIZATION_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?)");
  return query
      .bind(organization.id, organization.management_account, organization.root_id, organization.feature_set,
            organization.service_control_policies, organization.resource_control_policies,
            organization.created)
      .run();
}

Status SqliteTransaction::update_organization(const Organization& organization) {
  Query query(connection_,
              "UPDATE organizations SET feature_set = ?, service_control_policies = ?,"
              " resource_control_policies = ? WHERE id = ?");
  COFFER_CHECK(query
                   .bind(organization.feature_set, organization.service_control_policies,
                         organization.resource_control_policies, organization.id)
                   .run());
  return expect_changed("organization " + organization.id);
}

Status SqliteTransaction::remove_organization(const std::string& id) {
  for (const char* sql : {"DELETE FROM tags WHERE resource_id IN (SELECT id FROM organizational_units WHERE "
                          "organization_id = ?1"
                          " UNION SELECT account FROM member_accounts WHERE organization_id = ?1"
                          " UNION SELECT id FROM organization_policies WHERE organization_id = ?1"
                          " UNION SELECT root_id FROM organizations WHERE id = ?1"
                          " UNION SELECT id FROM organization_resource_policies WHERE organization_id = ?1)",
                          "DELETE FROM organization_policy_attachments WHERE organization_id = ?",
                          "DELETE FROM organization_policies WHERE organization_id = ?",
                          "DELETE FROM delegated_administrators WHERE organization_id = ?",
                          "DELETE FROM trusted_services WHERE organization_id = ?",
                          "DELETE FROM organization_resource_policies WHERE organization_id = ?",
                          "DELETE FROM account_creations WHERE organization_id = ?",
                          "DELETE FROM handshakes WHERE organization_id = ?",
                          "DELETE FROM member_accounts WHERE organization_id = ?",
                          "DELETE FROM organizational_units WHERE organization_id = ?",
                          "DELETE FROM organizations WHERE id = ?"}) {
    Query query(connection_, sql);
    COFFER_CHECK(query.bind(id).run());
  }
  return expect_changed("organization " + id);
}

Result<std::optional<Organization>> SqliteTransaction::organization(const std::string& id) {
  Query query(connection_, "SELECT " COFFER_ORGANIZATION_COLUMNS " FROM organizations WHERE id = ?");
  query.bind(id);
  return first_row(query, read_organization);
}

Result<std::optional<Organization>> SqliteTransaction::organization_of(const std::string& account) {
  Query query(connection_, "SELECT " COFFER_ORGANIZATION_COLUMNS
                           " FROM organizations WHERE id ="
                           " (SELECT organization_id FROM member_accounts WHERE account = ?)");
  query.bind(account);
  return first_row(query, read_organization);
}

Result<size_t> SqliteTransaction::count_organizations() {
  return count("SELECT COUNT(*) FROM organizations");
}

Status SqliteTransaction::insert_organizational_unit(const OrganizationalUnit& unit) {
  Query query(connection_,
              "INSERT INTO organizational_units (id, organization_id, parent_id, name) VALUES (?, ?, ?, ?)");
  return query.bind(unit.id, unit.organization_id, unit.parent_id, unit.name).run();
}

Status SqliteTransaction::rename_organizational_unit(const std::string& id, const std::string& name) {
  Query query(connection_, "UPDATE organizational_units SET name = ? WHERE id = ?");
  COFFER_CHECK(query.bind(name, id).run());
  return expect_changed("organizational unit " + id);
}

Status SqliteTransaction::remove_organizational_unit(const std::string& id) {
  COFFER_CHECK(replace_tags(id, {}));
  Query attachments(connection_, "DELETE FROM organization_policy_attachments WHERE target_id = ?");
  COFFER_CHECK(attachments.bind(id).run());
  Query query(connection_, "DELETE FROM organizational_units WHERE id = ?");
  COFFER_CHECK(query.bind(id).run());
  return expect_changed("organizational unit " + id);
}

Result<std::optional<OrganizationalUnit>> SqliteTransaction::organizational_unit(const std::string& id) {
  Query query(connection_,
              "SELECT id, organization_id, parent_id, name FROM organizational_units WHERE id = ?");
  query.bind(id);
  return first_row(query, read_unit);
}

Result<std::vector<OrganizationalUnit>> SqliteTransaction::organizational_units(
    const std::string& organization_id, const std::string& parent_id, const std::string& after,
    size_t limit) {
  Query query(connection_,
              "SELECT id, organization_id, parent_id, name FROM organizational_units"
              " WHERE organization_id = ?1 AND (?2 = '' OR parent_id = ?2) AND id > ?3 ORDER BY id LIMIT ?4");
  query.bind(organization_id, parent_id, after, limit);
  return rows(query, read_unit);
}

Result<size_t> SqliteTransaction::count_organizational_units(const std::string& organization_id) {
  Query query(connection_, "SELECT COUNT(*) FROM organizational_units WHERE organization_id = ?");
  query.bind(organization_id);
  COFFER_TRY(number, first_row(query, [](Query& row) { return static_cast<size_t>(row.integer()); }));
  return number.value_or(0);
}

Status SqliteTransaction::insert_handshake(const Handshake& handshake) {
  Query query(connection_,
              "INSERT INTO handshakes (id, organization_id, account, notes, state, requested, expires)"
              " VALUES (?, ?, ?, ?, ?, ?, ?)");
  return query
      .bind(handshake.id, handshake.organization_id, handshake.account, handshake.notes, handshake.state,
            handshake.requested, handshake.expires)
      .run();
}

Status SqliteTransaction::set_handshake_state(const std::string& id, const std::string& state) {
  Query query(connection_, "UPDATE handshakes SET state = ? WHERE id = ?");
  COFFER_CHECK(query.bind(state, id).run());
  return expect_changed("handshake " + id);
}

Result<std::optional<Handshake>> SqliteTransaction::handshake(const std::string& id) {
  Query query(connection_,
              "SELECT id, organization_id, account, notes, state, requested, expires FROM handshakes"
              " WHERE id = ?");
  query.bind(id);
  return first_row(query, read_handshake);
}

Result<std::vector<Handshake>> SqliteTransaction::handshakes(const std::string& organization_id,
                                                             const std::string& account,
                                                             const std::string& after, size_t limit) {
  Query query(connection_,
              "SELECT id, organization_id, account, notes, state, requested, expires FROM handshakes"
              " WHERE (organization_id = ?1 OR account = ?2) AND id > ?3 ORDER BY id LIMIT ?4");
  query.bind(organization_id, account, after, limit);
  return rows(query, read_handshake);
}

}  // namespace coffer::catalog
