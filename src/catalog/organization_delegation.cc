// SPDX-License-Identifier: Apache-2.0
// What an organization lets others do: member accounts that speak for services, services, and the resource
// policy.
#include "catalog/transaction.h"

namespace coffer::catalog {

Status SqliteTransaction::insert_delegated_administrator(const DelegatedAdministrator& delegated) {
  Query query(connection_,
              "INSERT INTO delegated_administrators (organization_id, account, service, since)"
              " VALUES (?, ?, ?, ?)");
  return query.bind(delegated.organization_id, delegated.account, delegated.service, delegated.since).run();
}

Status SqliteTransaction::remove_delegated_administrator(const DelegatedAdministrator& delegated) {
  Query query(
      connection_,
      "DELETE FROM delegated_administrators WHERE organization_id = ? AND account = ? AND service = ?");
  COFFER_CHECK(query.bind(delegated.organization_id, delegated.account, delegated.service).run());
  return expect_changed("delegated administrator " + delegated.account);
}

Result<std::vector<DelegatedAdministrator>> SqliteTransaction::delegated_administrators(
    const std::string& organization_id) {
  Query query(connection_,
              "SELECT organization_id, account, service, since FROM delegated_administrators"
              " WHERE organization_id = ? ORDER BY account, service");
  query.bind(organization_id);
  return rows(query, [](Query& row) {
    DelegatedAdministrator delegated;
    delegated.organization_id = row.text();
    delegated.account = row.text();
    delegated.service = row.text();
    delegated.since = row.time();
    return delegated;
  });
}

Status SqliteTransaction::put_trusted_service(const TrustedService& trusted) {
  Query query(connection_,
              "INSERT OR IGNORE INTO trusted_services (organization_id, service, since) VALUES (?, ?, ?)");
  return query.bind(trusted.organization_id, trusted.service, trusted.since).run();
}

Status SqliteTransaction::remove_trusted_service(const TrustedService& trusted) {
  Query query(connection_, "DELETE FROM trusted_services WHERE organization_id = ? AND service = ?");
  return query.bind(trusted.organization_id, trusted.service).run();
}

Result<std::vector<TrustedService>> SqliteTransaction::trusted_services(const std::string& organization_id) {
  Query query(connection_,
              "SELECT organization_id, service, since FROM trusted_services WHERE organization_id = ?"
              " ORDER BY service");
  query.bind(organization_id);
  return rows(query, [](Query& row) {
    TrustedService trusted;
    trusted.organization_id = row.text();
    trusted.service = row.text();
    trusted.since = row.time();
    return trusted;
  });
}

Status SqliteTransaction::put_organization_resource_policy(const OrganizationResourcePolicy& policy) {
  Query query(connection_,
              "INSERT OR REPLACE INTO organization_resource_policies (organization_id, id, content)"
              " VALUES (?, ?, ?)");
  return query.bind(policy.organization_id, policy.id, policy.content).run();
}

Status SqliteTransaction::remove_organization_resource_policy(const std::string& organization_id) {
  COFFER_TRY(policy, organization_resource_policy(organization_id));
  if (policy) COFFER_CHECK(replace_tags(policy->id, {}));
  Query query(connection_, "DELETE FROM organization_resource_policies WHERE organization_id = ?");
  COFFER_CHECK(query.bind(organization_id).run());
  return expect_changed("resource policy of " + organization_id);
}

Result<std::optional<OrganizationResourcePolicy>> SqliteTransaction::organization_resource_policy(
    const std::string& organization_id) {
  Query query(connection_,
              "SELECT id, organization_id, content FROM organization_resource_policies"
              " WHERE organization_id = ?");
  query.bind(organization_id);
  return first_row(query, [](Query& row) {
    OrganizationResourcePolicy policy;
    policy.id = row.text();
    policy.organization_id = row.text();
    policy.content = row.text();
    return policy;
  });
}

}  // namespace coffer::catalog
