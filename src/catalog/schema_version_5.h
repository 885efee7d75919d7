// SPDX-License-Identifier: Apache-2.0
// Version 5 of the schema. IAM: MFA devices, when roles were last used, and what sessions keep of both MFA
// and the chain of roles that they came by. Accounts: when they were closed. Organizations: who speaks for
// services, the services that are trusted, the resource policy.
#pragma once

namespace coffer::catalog {

inline constexpr const char* kVersion5 = R"(
CREATE TABLE mfa_devices (
  serial_number TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  wrapped_secret BLOB NOT NULL,
  created INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  enabled INTEGER,
  drift_steps INTEGER NOT NULL,
  last_step INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  last_failure INTEGER
) WITHOUT ROWID;
CREATE INDEX mfa_devices_by_account ON mfa_devices (account, serial_number);
CREATE INDEX mfa_devices_by_user ON mfa_devices (user_id) WHERE user_id <> '';
CREATE TABLE role_uses (
  role_id TEXT PRIMARY KEY,
  time INTEGER NOT NULL,
  region TEXT NOT NULL
) WITHOUT ROWID;
ALTER TABLE accounts ADD COLUMN closed INTEGER;
CREATE TABLE delegated_administrators (
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  account TEXT NOT NULL,
  service TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (organization_id, account, service)
) WITHOUT ROWID;
CREATE TABLE trusted_services (
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  service TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (organization_id, service)
) WITHOUT ROWID;
CREATE TABLE organization_resource_policies (
  organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
  id TEXT NOT NULL,
  content TEXT NOT NULL
) WITHOUT ROWID;
ALTER TABLE sessions ADD COLUMN mfa_authenticated INTEGER;
ALTER TABLE session_tags ADD COLUMN transitive INTEGER NOT NULL DEFAULT 0;
)";

}  // namespace coffer::catalog
