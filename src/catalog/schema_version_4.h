// SPDX-License-Identifier: Apache-2.0
// Version 4 of the schema. Organizations: their tree, the accounts and policies in it, invitations. IAM:
// instance profiles, identity providers, aliases of accounts. KMS: what deleted keys leave in tokens.
#pragma once

namespace coffer::catalog {

inline constexpr const char* kVersion4 = R"(
CREATE TABLE organizations (
  id TEXT PRIMARY KEY,
  management_account TEXT NOT NULL UNIQUE REFERENCES accounts (id),
  root_id TEXT NOT NULL UNIQUE,
  feature_set TEXT NOT NULL,
  service_control_policies INTEGER NOT NULL,
  resource_control_policies INTEGER NOT NULL,
  created INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE organizational_units (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  parent_id TEXT NOT NULL,
  name TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX organizational_units_by_name ON organizational_units (parent_id, name);
CREATE INDEX organizational_units_by_organization ON organizational_units (organization_id);
CREATE TABLE member_accounts (
  account TEXT PRIMARY KEY REFERENCES accounts (id),
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  parent_id TEXT NOT NULL,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  joined_method TEXT NOT NULL,
  joined INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX member_accounts_by_organization ON member_accounts (organization_id, account);
CREATE INDEX member_accounts_by_parent ON member_accounts (parent_id, account);
CREATE INDEX member_accounts_by_email ON member_accounts (email);
CREATE TABLE account_creations (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  account_name TEXT NOT NULL,
  state TEXT NOT NULL,
  failure_reason TEXT NOT NULL,
  account TEXT NOT NULL,
  requested INTEGER NOT NULL,
  completed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX account_creations_by_organization ON account_creations (organization_id, id);
CREATE TABLE organization_policies (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  content TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX organization_policies_by_name ON organization_policies (organization_id, type, name);
CREATE TABLE organization_policy_attachments (
  target_id TEXT NOT NULL,
  type TEXT NOT NULL,
  policy_id TEXT NOT NULL,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  PRIMARY KEY (target_id, type, policy_id)
) WITHOUT ROWID;
CREATE INDEX organization_policy_attachments_by_policy
  ON organization_policy_attachments (organization_id, policy_id, target_id);
CREATE TABLE handshakes (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  account TEXT NOT NULL,
  notes TEXT NOT NULL,
  state TEXT NOT NULL,
  requested INTEGER NOT NULL,
  expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX handshakes_by_organization ON handshakes (organization_id, id);
CREATE INDEX handshakes_by_account ON handshakes (account, id);
CREATE TABLE iam_instance_profiles (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  path TEXT NOT NULL,
  name TEXT NOT NULL,
  created INTEGER NOT NULL,
  role_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX iam_instance_profiles_by_name ON iam_instance_profiles (account, name COLLATE NOCASE);
CREATE INDEX iam_instance_profiles_by_role ON iam_instance_profiles (role_id);
CREATE TABLE iam_identity_providers (
  arn TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  issuer TEXT NOT NULL,
  thumbprints TEXT NOT NULL,
  created INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX iam_identity_providers_by_account ON iam_identity_providers (account, arn);
CREATE TABLE iam_client_ids (
  provider_arn TEXT NOT NULL REFERENCES iam_identity_providers (arn) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  client_id TEXT NOT NULL,
  PRIMARY KEY (provider_arn, position)
) WITHOUT ROWID;
CREATE TABLE issuer_keys (
  issuer TEXT PRIMARY KEY,
  key_set TEXT NOT NULL,
  stored INTEGER NOT NULL
);
CREATE TABLE account_aliases (
  account TEXT PRIMARY KEY,
  alias TEXT NOT NULL UNIQUE
) WITHOUT ROWID;
CREATE TABLE iam_role_deletions (
  account TEXT NOT NULL,
  task_id TEXT NOT NULL,
  ended INTEGER NOT NULL,
  PRIMARY KEY (account, task_id)
) WITHOUT ROWID;
CREATE TABLE session_context (
  access_key_id TEXT NOT NULL REFERENCES sessions (access_key_id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (access_key_id, position)
) WITHOUT ROWID;
CREATE INDEX custom_key_stores_by_cluster ON custom_key_stores (cluster_id) WHERE cluster_id <> '';
CREATE TABLE keys_left_in_tokens (
  region TEXT NOT NULL,
  key_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  account TEXT NOT NULL,
  custom_key_store_id TEXT NOT NULL REFERENCES custom_key_stores (id),
  token BLOB NOT NULL,
  PRIMARY KEY (region, key_id, version)
);
CREATE INDEX keys_left_in_tokens_by_store ON keys_left_in_tokens (custom_key_store_id);
)";

}  // namespace coffer::catalog
