// SPDX-License-Identifier: Apache-2.0
#include "catalog/transaction.h"

#define COFFER_SNAPSHOT_COLUMNS                                                                   \
  "id, account, region, volume_id, volume_size_gib, state, state_message, progress, description," \
  " encrypted, kms_key_arn, data_encryption_key_id, source_snapshot_id, source_region,"           \
  " parent_snapshot_id, layer_id, wrapped_key, principal_arn, started, completed"

namespace coffer::catalog {
namespace {

Snapshot read_snapshot(Query& row) {
  Snapshot snapshot;
  snapshot.id = row.text();
  snapshot.account = row.text();
  snapshot.region = row.text();
  snapshot.volume_id = row.text();
  snapshot.volume_size_gib = static_cast<uint32_t>(row.integer());
  snapshot.state = row.text();
  snapshot.state_message = row.text();
  snapshot.progress = static_cast<uint32_t>(row.integer());
  snapshot.description = row.text();
  snapshot.encrypted = row.boolean();
  snapshot.kms_key_arn = row.text();
  snapshot.data_encryption_key_id = row.text();
  snapshot.source_snapshot_id = row.text();
  snapshot.source_region = row.text();
  snapshot.parent_snapshot_id = row.text();
  snapshot.layer_id = row.text();
  snapshot.wrapped_key = row.blob();
  snapshot.principal_arn = row.text();
  snapshot.started = row.time();
  snapshot.completed = row.optional_time();
  return snapshot;
}

}  // namespace

Status SqliteTransaction::insert_snapshot(const Snapshot& snapshot) {
  Query query(connection_, "INSERT INTO snapshots (" COFFER_SNAPSHOT_COLUMNS
                           ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  query.bind(snapshot.id, snapshot.account, snapshot.region, snapshot.volume_id, snapshot.volume_size_gib,
             snapshot.state, snapshot.state_message, snapshot.progress, snapshot.description,
             snapshot.encrypted, snapshot.kms_key_arn, snapshot.data_encryption_key_id,
             snapshot.source_snapshot_id, snapshot.source_region, snapshot.parent_snapshot_id,
             snapshot.layer_id, snapshot.wrapped_key, snapshot.principal_arn, snapshot.started,
             snapshot.completed);
  COFFER_CHECK(query.run());
  return replace_tags(snapshot.id, snapshot.tags);
}

Status SqliteTransaction::update_snapshot(const Snapshot& snapshot) {
  Query query(connection_,
              "UPDATE snapshots SET volume_size_gib = ?, state = ?, state_message = ?, progress = ?,"
              " kms_key_arn = ?, data_encryption_key_id = ?, wrapped_key = ?, completed = ? WHERE id = ?");
  query.bind(snapshot.volume_size_gib, snapshot.state, snapshot.state_message, snapshot.progress,
             snapshot.kms_key_arn, snapshot.data_encryption_key_id, snapshot.wrapped_key, snapshot.completed,
             snapshot.id);
  COFFER_CHECK(query.run());
  COFFER_CHECK(expect_changed("snapshot " + snapshot.id));
  return replace_tags(snapshot.id, snapshot.tags);
}

Status SqliteTransaction::remove_snapshot(const std::string& id) {
  COFFER_CHECK(replace_tags(id, {}));
  Query query(connection_, "DELETE FROM snapshots WHERE id = ?");
  return query.bind(id).run();
}

Result<std::optional<Snapshot>> SqliteTransaction::snapshot(const std::string& id) {
  Query query(connection_, "SELECT " COFFER_SNAPSHOT_COLUMNS " FROM snapshots WHERE id = ?");
  query.bind(id);
  COFFER_TRY(found, first_row(query, read_snapshot));
  if (found) {
    COFFER_TRY(its_tags, tags(id));
    found->tags = std::move(its_tags);
  }
  return found;
}

Result<std::vector<Snapshot>> SqliteTransaction::snapshots(const std::string& account,
                                                           const std::string& region,
                                                           const std::string& after, size_t limit) {
  Query query(connection_, "SELECT " COFFER_SNAPSHOT_COLUMNS
                           " FROM snapshots WHERE account = ? AND region = ? AND id > ? ORDER BY id LIMIT ?");
  query.bind(account, region, after, limit);
  COFFER_TRY(found, rows(query, read_snapshot));
  COFFER_CHECK(add_tags(found));
  return found;
}

Result<std::vector<Snapshot>> SqliteTransaction::snapshots_in_state(const std::string& state) {
  Query query(connection_, "SELECT " COFFER_SNAPSHOT_COLUMNS " FROM snapshots WHERE state = ? ORDER BY id");
  query.bind(state);
  COFFER_TRY(found, rows(query, read_snapshot));
  COFFER_CHECK(add_tags(found));
  return found;
}

Result<std::vector<Snapshot>> SqliteTransaction::snapshots_of_volume(const std::string& volume_id) {
  Query query(connection_,
              "SELECT " COFFER_SNAPSHOT_COLUMNS " FROM snapshots WHERE volume_id = ? ORDER BY started, id");
  query.bind(volume_id);
  COFFER_TRY(found, rows(query, read_snapshot));
  COFFER_CHECK(add_tags(found));
  return found;
}

Result<std::vector<std::string>> SqliteTransaction::snapshot_ids() {
  Query query(connection_, "SELECT id FROM snapshots ORDER BY id");
  return rows(query, [](Query& row) { return row.text(); });
}

}  // namespace coffer::catalog
