// SPDX-License-Identifier: Apache-2.0
// ModifyVolume's and RekeyVolume's rows.
#include "catalog/transaction.h"

#define COFFER_MODIFICATION_COLUMNS                                                            \
  "volume_id, started, account, region, original_size_gib, original_type, original_iops,"      \
  " original_throughput, target_size_gib, target_type, target_iops, target_throughput, state," \
  " status_message, progress, ended"
#define COFFER_REKEY_COLUMNS                                                                         \
  "layer_id, volume_id, account, region, original_kms_key_arn, kms_key_arn, data_encryption_key_id," \
  " state, status_message, progress, wrapped_key, principal_arn, started, ended"

namespace coffer::catalog {
namespace {

VolumeSettings read_settings(Query& row) {
  VolumeSettings settings;
  settings.size_gib = static_cast<uint32_t>(row.integer());
  settings.type = row.text();
  settings.iops = row.optional_integer();
  settings.throughput = row.optional_integer();
  return settings;
}

VolumeModification read_modification(Query& row) {
  VolumeModification modification;
  modification.volume_id = row.text();
  modification.started = row.time();
  modification.account = row.text();
  modification.region = row.text();
  modification.original = read_settings(row);
  modification.target = read_settings(row);
  modification.state = row.text();
  modification.status_message = row.text();
  modification.progress = static_cast<uint32_t>(row.integer());
  modification.ended = row.optional_time();
  return modification;
}

VolumeRekey read_rekey(Query& row) {
  VolumeRekey rekey;
  rekey.layer_id = row.text();
  rekey.volume_id = row.text();
  rekey.account = row.text();
  rekey.region = row.text();
  rekey.original_kms_key_arn = row.text();
  rekey.kms_key_arn = row.text();
  rekey.data_encryption_key_id = row.text();
  rekey.state = row.text();
  rekey.status_message = row.text();
  rekey.progress = static_cast<uint32_t>(row.integer());
  rekey.wrapped_key = row.blob();
  rekey.principal_arn = row.text();
  rekey.started = row.time();
  rekey.ended = row.optional_time();
  return rekey;
}

}  // namespace

Status SqliteTransaction::insert_volume_modification(const VolumeModification& modification) {
  const VolumeSettings &original = modification.original, &target = modification.target;
  Query query(connection_, "INSERT INTO volume_modifications (" COFFER_MODIFICATION_COLUMNS
                           ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  return query
      .bind(modification.volume_id, modification.started, modification.account, modification.region,
            original.size_gib, original.type, original.iops, original.throughput, target.size_gib,
            target.type, target.iops, target.throughput, modification.state, modification.status_message,
            modification.progress, modification.ended)
      .run();
}

Status SqliteTransaction::update_volume_modification(const VolumeModification& modification) {
  Query query(connection_,
              "UPDATE volume_modifications SET state = ?, status_message = ?, progress = ?, ended = ?"
              " WHERE volume_id = ? AND started = ?");
  query.bind(modification.state, modification.status_message, modification.progress, modification.ended,
             modification.volume_id, modification.started);
  COFFER_CHECK(query.run());
  return expect_changed("modification of " + modification.volume_id);
}

Result<std::vector<VolumeModification>> SqliteTransaction::modifications_of_volume(
    const std::string& volume_id) {
  Query query(connection_, "SELECT " COFFER_MODIFICATION_COLUMNS
                           " FROM volume_modifications WHERE volume_id = ? ORDER BY started DESC");
  query.bind(volume_id);
  return rows(query, read_modification);
}

Result<std::vector<VolumeModification>> SqliteTransaction::modifications_in_state(const std::string& state) {
  Query query(connection_, "SELECT " COFFER_MODIFICATION_COLUMNS
                           " FROM volume_modifications WHERE state = ? ORDER BY volume_id, started");
  query.bind(state);
  return rows(query, read_modification);
}

Result<std::vector<VolumeModification>> SqliteTransaction::newest_modifications(const std::string& account,
                                                                                const std::string& region,
                                                                                const std::string& after,
                                                                                size_t limit) {
  Query query(connection_,
              "SELECT " COFFER_MODIFICATION_COLUMNS
              " FROM volume_modifications AS one WHERE account = ? AND region = ? AND volume_id > ?"
              " AND started = (SELECT MAX(started) FROM volume_modifications AS other"
              " WHERE other.volume_id = one.volume_id) ORDER BY volume_id LIMIT ?");
  query.bind(account, region, after, limit);
  return rows(query, read_modification);
}

Status SqliteTransaction::insert_volume_rekey(const VolumeRekey& rekey) {
  Query query(connection_, "INSERT INTO volume_rekeys (" COFFER_REKEY_COLUMNS
                           ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  return query
      .bind(rekey.layer_id, rekey.volume_id, rekey.account, rekey.region, rekey.original_kms_key_arn,
            rekey.kms_key_arn, rekey.data_encryption_key_id, rekey.state, rekey.status_message,
            rekey.progress, rekey.wrapped_key, rekey.principal_arn, rekey.started, rekey.ended)
      .run();
}

Status SqliteTransaction::update_volume_rekey(const VolumeRekey& rekey) {
  Query query(connection_,
              "UPDATE volume_rekeys SET layer_id = ?, state = ?, status_message = ?, progress = ?,"
              " wrapped_key = ?, ended = ? WHERE volume_id = ? AND started = ?");
  query.bind(rekey.layer_id, rekey.state, rekey.status_message, rekey.progress, rekey.wrapped_key,
             rekey.ended, rekey.volume_id, rekey.started);
  COFFER_CHECK(query.run());
  return expect_changed("re-keying of " + rekey.volume_id);
}

Result<std::vector<VolumeRekey>> SqliteTransaction::rekeys_of_volume(const std::string& volume_id) {
  Query query(connection_,
              "SELECT " COFFER_REKEY_COLUMNS " FROM volume_rekeys WHERE volume_id = ? ORDER BY started DESC");
  query.bind(volume_id);
  return rows(query, read_rekey);
}

Result<std::vector<VolumeRekey>> SqliteTransaction::rekeys_in_state(const std::string& state) {
  Query query(connection_,
              "SELECT " COFFER_REKEY_COLUMNS " FROM volume_rekeys WHERE state = ? ORDER BY layer_id");
  query.bind(state);
  return rows(query, read_rekey);
}

Result<std::vector<VolumeRekey>> SqliteTransaction::rekeys(const std::string& account,
                                                           const std::string& region,
                                                           const std::string& after, size_t limit) {
  Query query(
      connection_,
      "SELECT " COFFER_REKEY_COLUMNS
      " FROM volume_rekeys WHERE account = ? AND region = ? AND layer_id > ? ORDER BY layer_id LIMIT ?");
  query.bind(account, region, after, limit);
  return rows(query, read_rekey);
}

}  // namespace coffer::catalog
