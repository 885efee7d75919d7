// SPDX-License-Identifier: Apache-2.0
#include "catalog/schema.h"

#include <fmt/format.h>

#include <array>

#include "catalog/schema_version_4.h"
#include "catalog/schema_version_5.h"
#include "catalog/schema_version_6.h"

namespace coffer::catalog {
namespace {

// Version 1. Times are microseconds since 1970. Tags are rows, in the order in which they were given.
constexpr const char* kVersion1 = R"(
CREATE TABLE migrations (
  version INTEGER PRIMARY KEY,
  applied INTEGER NOT NULL
);
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  created INTEGER NOT NULL
);
CREATE TABLE access_keys (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL REFERENCES accounts (id),
  principal_arn TEXT NOT NULL,
  wrapped_secret BLOB NOT NULL,
  active INTEGER NOT NULL,
  created INTEGER NOT NULL
);
CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  description TEXT NOT NULL,
  policy TEXT NOT NULL,
  state TEXT NOT NULL,
  manager TEXT NOT NULL,
  usage TEXT NOT NULL,
  spec TEXT NOT NULL,
  origin TEXT NOT NULL,
  multi_region INTEGER NOT NULL,
  created INTEGER NOT NULL,
  current_version INTEGER NOT NULL
);
CREATE INDEX keys_by_owner ON keys (account, region, id);
CREATE TABLE backing_keys (
  key_id TEXT NOT NULL REFERENCES keys (id),
  version INTEGER NOT NULL,
  token BLOB NOT NULL,
  PRIMARY KEY (key_id, version)
);
CREATE TABLE aliases (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  name TEXT NOT NULL,
  target_key_id TEXT NOT NULL REFERENCES keys (id),
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (account, region, name)
);
CREATE INDEX aliases_by_key ON aliases (target_key_id);
CREATE TABLE volumes (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  availability_zone TEXT NOT NULL,
  state TEXT NOT NULL,
  size_gib INTEGER NOT NULL,
  type TEXT NOT NULL,
  iops INTEGER,
  throughput INTEGER,
  encrypted INTEGER NOT NULL,
  kms_key_arn TEXT NOT NULL,
  snapshot_id TEXT NOT NULL,
  layer_id TEXT NOT NULL,
  wrapped_key BLOB NOT NULL,
  failure_code TEXT NOT NULL,
  failure_message TEXT NOT NULL,
  multi_attach INTEGER NOT NULL,
  created INTEGER NOT NULL,
  deleted INTEGER
);
CREATE INDEX volumes_by_owner ON volumes (account, region, id);
CREATE INDEX volumes_by_state ON volumes (state, id);
CREATE TABLE tags (
  resource_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (resource_id, position)
);
CREATE TABLE attachments (
  volume_id TEXT PRIMARY KEY REFERENCES volumes (id),
  id TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  device TEXT NOT NULL,
  state TEXT NOT NULL,
  socket_path TEXT NOT NULL,
  principal_arn TEXT NOT NULL,
  failure TEXT NOT NULL,
  attached INTEGER NOT NULL,
  delete_on_termination INTEGER NOT NULL
);
CREATE TABLE instances (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  created INTEGER NOT NULL
);
CREATE TABLE idempotent_answers (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  operation TEXT NOT NULL,
  token TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  response TEXT NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (account, region, operation, token)
);
CREATE INDEX idempotent_answers_by_age ON idempotent_answers (created);
CREATE TABLE trail (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  time INTEGER NOT NULL,
  event_source TEXT NOT NULL,
  event_name TEXT NOT NULL,
  record TEXT NOT NULL
);
CREATE INDEX trail_by_account ON trail (account, position);
)";

// Version 2: snapshots, what changes volumes, and who made a volume.
constexpr const char* kVersion2 = R"(
ALTER TABLE volumes ADD COLUMN independent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE volumes ADD COLUMN data_encryption_key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE volumes ADD COLUMN principal_arn TEXT NOT NULL DEFAULT '';
CREATE TABLE snapshots (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  volume_id TEXT NOT NULL,
  volume_size_gib INTEGER NOT NULL,
  state TEXT NOT NULL,
  state_message TEXT NOT NULL,
  progress INTEGER NOT NULL,
  description TEXT NOT NULL,
  encrypted INTEGER NOT NULL,
  kms_key_arn TEXT NOT NULL,
  data_encryption_key_id TEXT NOT NULL,
  source_snapshot_id TEXT NOT NULL,
  source_region TEXT NOT NULL,
  parent_snapshot_id TEXT NOT NULL,
  layer_id TEXT NOT NULL,
  wrapped_key BLOB NOT NULL,
  principal_arn TEXT NOT NULL,
  started INTEGER NOT NULL,
  completed INTEGER
);
CREATE INDEX snapshots_by_owner ON snapshots (account, region, id);
CREATE INDEX snapshots_by_state ON snapshots (state, id);
CREATE INDEX snapshots_by_volume ON snapshots (volume_id, id);
CREATE TABLE snapshot_uploads (
  snapshot_id TEXT PRIMARY KEY,
  timeout_minutes INTEGER NOT NULL,
  last_active INTEGER NOT NULL
);
CREATE TABLE snapshot_blocks (
  snapshot_id TEXT NOT NULL,
  block INTEGER NOT NULL,
  checksum BLOB NOT NULL,
  PRIMARY KEY (snapshot_id, block)
) WITHOUT ROWID;
CREATE TABLE volume_modifications (
  volume_id TEXT NOT NULL REFERENCES volumes (id),
  started INTEGER NOT NULL,
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  original_size_gib INTEGER NOT NULL,
  original_type TEXT NOT NULL,
  original_iops INTEGER,
  original_throughput INTEGER,
  target_size_gib INTEGER NOT NULL,
  target_type TEXT NOT NULL,
  target_iops INTEGER,
  target_throughput INTEGER,
  state TEXT NOT NULL,
  status_message TEXT NOT NULL,
  progress INTEGER NOT NULL,
  ended INTEGER,
  PRIMARY KEY (volume_id, started)
);
CREATE INDEX volume_modifications_by_owner ON volume_modifications (account, region, volume_id, started);
CREATE INDEX volume_modifications_by_state ON volume_modifications (state);
CREATE TABLE volume_rekeys (
  layer_id TEXT PRIMARY KEY,
  volume_id TEXT NOT NULL REFERENCES volumes (id),
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  original_kms_key_arn TEXT NOT NULL,
  kms_key_arn TEXT NOT NULL,
  data_encryption_key_id TEXT NOT NULL,
  state TEXT NOT NULL,
  status_message TEXT NOT NULL,
  progress INTEGER NOT NULL,
  wrapped_key BLOB NOT NULL,
  principal_arn TEXT NOT NULL,
  started INTEGER NOT NULL,
  ended INTEGER
);
CREATE INDEX volume_rekeys_by_owner ON volume_rekeys (account, region, layer_id);
CREATE INDEX volume_rekeys_by_volume ON volume_rekeys (volume_id, started);
CREATE INDEX volume_rekeys_by_state ON volume_rekeys (state);
)";

// Version 3. A KMS key is known by its region and id (the keys of a multi-Region key share the id), and has a
// life: deletion, rotation, use. Tags of keys are under "REGION/ID". The AWS managed key for EBS, the only
// one there was, gets the key policy of AWS's. And grants.
constexpr const char* kVersion3 = R"(
DROP INDEX keys_by_owner;
DROP INDEX aliases_by_key;
ALTER TABLE aliases RENAME TO old_aliases;
ALTER TABLE backing_keys RENAME TO old_backing_keys;
ALTER TABLE keys RENAME TO old_keys;
CREATE TABLE keys (
  region TEXT NOT NULL,
  id TEXT NOT NULL,
  account TEXT NOT NULL,
  description TEXT NOT NULL,
  policy TEXT NOT NULL,
  state TEXT NOT NULL,
  manager TEXT NOT NULL,
  usage TEXT NOT NULL,
  spec TEXT NOT NULL,
  origin TEXT NOT NULL,
  multi_region INTEGER NOT NULL,
  created INTEGER NOT NULL,
  current_version INTEGER NOT NULL,
  primary_region TEXT NOT NULL,
  deletion_date INTEGER,
  deletion_window_days INTEGER NOT NULL,
  rotation_enabled INTEGER NOT NULL,
  rotation_period_days INTEGER NOT NULL,
  next_rotation INTEGER,
  on_demand_rotations INTEGER NOT NULL,
  on_demand_rotation_started INTEGER,
  custom_key_store_id TEXT NOT NULL,
  store_key_id TEXT NOT NULL,
  PRIMARY KEY (region, id)
);
CREATE UNIQUE INDEX keys_by_store ON keys (custom_key_store_id, store_key_id) WHERE custom_key_store_id <> '';
CREATE INDEX keys_by_owner ON keys (account, region, id);
CREATE INDEX keys_by_id ON keys (id);
CREATE INDEX keys_by_state ON keys (state);
CREATE INDEX keys_by_rotation ON keys (next_rotation) WHERE next_rotation IS NOT NULL;
CREATE INDEX keys_by_on_demand_rotation ON keys (on_demand_rotation_started)
  WHERE on_demand_rotation_started IS NOT NULL;
CREATE TABLE backing_keys (
  region TEXT NOT NULL,
  key_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  token BLOB NOT NULL,
  rotation_type TEXT NOT NULL,
  rotated INTEGER,
  public_key BLOB NOT NULL,
  material_id TEXT NOT NULL,
  expiration_model TEXT NOT NULL,
  valid_to INTEGER,
  PRIMARY KEY (region, key_id, version),
  FOREIGN KEY (region, key_id) REFERENCES keys (region, id)
);
CREATE INDEX backing_keys_by_expiry ON backing_keys (valid_to) WHERE valid_to IS NOT NULL;
CREATE TABLE aliases (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  name TEXT NOT NULL,
  target_key_id TEXT NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (account, region, name),
  FOREIGN KEY (region, target_key_id) REFERENCES keys (region, id)
);
CREATE INDEX aliases_by_key ON aliases (region, target_key_id, name);
INSERT INTO keys SELECT region, id, account, description, policy, state, manager, usage, spec, origin,
  multi_region, created, current_version, '', NULL, 0, manager = 'AWS', 365,
  CASE WHEN manager = 'AWS' THEN created + 365 * 86400000000 END, 0, NULL, '', '' FROM old_keys;
INSERT INTO backing_keys SELECT old_keys.region, key_id, version, token, '', NULL, x'', '', '', NULL
  FROM old_backing_keys JOIN old_keys ON old_keys.id = key_id;
INSERT INTO aliases SELECT account, region, name, target_key_id, created, updated FROM old_aliases;
UPDATE tags SET resource_id = (SELECT region || '/' || id FROM keys WHERE id = resource_id)
  WHERE resource_id IN (SELECT id FROM keys);
UPDATE keys SET policy = replace(replace('{"Version":"2012-10-17","Id":"auto-ebs-2","Statement":[{"Sid":"Allow access through EBS for all principals in the account that are authorized to use EBS","Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant","kms:DescribeKey"],"Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"ACCOUNT","kms:ViaService":"ec2.REGION.amazonaws.com"}}},{"Sid":"Allow direct access to key metadata to the account","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::ACCOUNT:root"},"Action":["kms:Describe*","kms:Get*","kms:List*","kms:RevokeGrant"],"Resource":"*"}]}',
  'ACCOUNT', account), 'REGION', region) WHERE manager = 'AWS';
DROP TABLE old_aliases;
DROP TABLE old_backing_keys;
DROP TABLE old_keys;
CREATE TABLE destroyed_keys (
  region TEXT NOT NULL,
  id TEXT NOT NULL,
  account TEXT NOT NULL,
  destroyed INTEGER NOT NULL,
  domain_key_version INTEGER NOT NULL,
  PRIMARY KEY (region, id)
);
INSERT INTO settings VALUES ('key_usage_tracking_started',
  CAST(CAST(strftime('%s', 'now') AS INTEGER) * 1000000 AS TEXT));
CREATE TABLE key_usage (
  region TEXT NOT NULL,
  key_id TEXT NOT NULL,
  operation TEXT NOT NULL,
  event_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (region, key_id)
) WITHOUT ROWID;
CREATE TABLE grants (
  id TEXT PRIMARY KEY,
  key_id TEXT NOT NULL,
  region TEXT NOT NULL,
  issuing_account TEXT NOT NULL,
  name TEXT NOT NULL,
  grantee_principal TEXT NOT NULL,
  retiring_principal TEXT NOT NULL,
  operations TEXT NOT NULL,
  context_constraint TEXT NOT NULL,
  created INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE grant_contexts (
  grant_id TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (grant_id, name)
) WITHOUT ROWID;
CREATE INDEX grants_by_key ON grants (key_id, region, id);
CREATE INDEX grants_by_grantee ON grants (key_id, region, grantee_principal);
CREATE INDEX grants_by_retiring_principal ON grants (retiring_principal, region, id);
ALTER TABLE access_keys ADD COLUMN user_id TEXT NOT NULL DEFAULT '';
ALTER TABLE access_keys ADD COLUMN last_used INTEGER;
ALTER TABLE access_keys ADD COLUMN last_service TEXT NOT NULL DEFAULT '';
ALTER TABLE access_keys ADD COLUMN last_region TEXT NOT NULL DEFAULT '';
CREATE INDEX access_keys_by_user ON access_keys (user_id, id);
CREATE TABLE iam_entities (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  account TEXT NOT NULL,
  path TEXT NOT NULL,
  name TEXT NOT NULL,
  created INTEGER NOT NULL,
  boundary_arn TEXT NOT NULL,
  description TEXT NOT NULL,
  trust_policy TEXT NOT NULL,
  longest_session_seconds INTEGER NOT NULL
);
CREATE UNIQUE INDEX iam_entities_by_name ON iam_entities (account, kind, name COLLATE NOCASE);
CREATE INDEX iam_entities_by_boundary ON iam_entities (boundary_arn);
CREATE TABLE iam_inline_policies (
  entity_id TEXT NOT NULL REFERENCES iam_entities (id),
  name TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (entity_id, name)
);
CREATE TABLE iam_managed_policies (
  arn TEXT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  path TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  default_version INTEGER NOT NULL,
  newest_version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
);
CREATE UNIQUE INDEX iam_managed_policies_by_name ON iam_managed_policies (account, name COLLATE NOCASE);
CREATE TABLE iam_policy_versions (
  policy_arn TEXT NOT NULL REFERENCES iam_managed_policies (arn),
  version INTEGER NOT NULL,
  document TEXT NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (policy_arn, version)
);
CREATE TABLE iam_attached_policies (
  entity_id TEXT NOT NULL REFERENCES iam_entities (id),
  policy_arn TEXT NOT NULL,
  PRIMARY KEY (entity_id, policy_arn)
) WITHOUT ROWID;
CREATE INDEX iam_attached_policies_by_policy ON iam_attached_policies (policy_arn, entity_id);
CREATE TABLE iam_group_members (
  user_id TEXT NOT NULL REFERENCES iam_entities (id),
  group_id TEXT NOT NULL REFERENCES iam_entities (id),
  PRIMARY KEY (user_id, group_id)
) WITHOUT ROWID;
CREATE INDEX iam_group_members_by_group ON iam_group_members (group_id, user_id);
CREATE TABLE custom_key_stores (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  connection_state TEXT NOT NULL,
  connection_error TEXT NOT NULL,
  created INTEGER NOT NULL,
  wrapped_secret BLOB NOT NULL,
  cluster_id TEXT NOT NULL,
  trust_anchor TEXT NOT NULL,
  connectivity TEXT NOT NULL,
  uri_endpoint TEXT NOT NULL,
  uri_path TEXT NOT NULL,
  vpc_endpoint_service TEXT NOT NULL,
  access_key_id TEXT NOT NULL
);
CREATE UNIQUE INDEX custom_key_stores_by_name ON custom_key_stores (account, region, name);
CREATE TABLE sessions (
  access_key_id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  entity_id TEXT NOT NULL,
  name TEXT NOT NULL,
  wrapped_secret BLOB NOT NULL,
  token_digest BLOB NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires);
CREATE TABLE session_policies (
  access_key_id TEXT NOT NULL REFERENCES sessions (access_key_id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (access_key_id, position)
);
CREATE TABLE session_tags (
  access_key_id TEXT NOT NULL REFERENCES sessions (access_key_id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (access_key_id, name)
);
)";

constexpr std::array kMigrations = {Migration{1, kVersion1}, Migration{2, kVersion2},
                                    Migration{3, kVersion3}, Migration{4, kVersion4},
                                    Migration{5, kVersion5}, Migration{6, kVersion6}};

Result<int64_t> file_version(Connection& connection) {
  Query query(connection, "PRAGMA user_version");
  COFFER_TRY(row, query.next());
  if (!row) return fail(ErrorKind::kCorrupt, "catalog: no version");
  return query.integer();
}

Status take_step(Connection& connection, const Migration& step, Timestamp now) {
  COFFER_CHECK(connection.execute("BEGIN IMMEDIATE"));
  auto status = connection.execute(step.sql);
  if (status)
    status =
        connection.execute(fmt::format("INSERT INTO migrations VALUES ({0}, {1}); PRAGMA user_version = {0};",
                                       step.version, now.microseconds)
                               .c_str());
  if (status) status = connection.execute("COMMIT");
  if (!status && !connection.in_autocommit()) (void)connection.execute("ROLLBACK");
  return status;
}

}  // namespace

std::span<const Migration> migrations() {
  return kMigrations;
}

Status migrate(Connection& connection, std::span<const Migration> steps, Timestamp now) {
  COFFER_TRY(version, file_version(connection));
  const int newest = steps.empty() ? 0 : steps.back().version;
  if (version > newest)
    return fail(
        ErrorKind::kTooNew,
        fmt::format("the catalog was written by a later release of Coffer (its version is {}, this release "
                    "knows {} and earlier): start it with that release or a newer one",
                    version, newest));
  for (const Migration& step : steps)
    if (step.version > version) COFFER_CHECK(take_step(connection, step, now));
  return {};
}

}  // namespace coffer::catalog
