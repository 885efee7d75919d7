// SPDX-License-Identifier: Apache-2.0
#include "catalog/transaction.h"

#define COFFER_VOLUME_COLUMNS                                                                                \
  "id, account, region, availability_zone, state, size_gib, type, iops, throughput, encrypted, kms_key_arn," \
  " snapshot_id, layer_id, wrapped_key, failure_code, failure_message, multi_attach, created, deleted,"      \
  " independent, data_encryption_key_id, principal_arn"

namespace coffer::catalog {
namespace {

Volume read_volume(Query& row) {
  Volume volume;
  volume.id = row.text();
  volume.account = row.text();
  volume.region = row.text();
  volume.availability_zone = row.text();
  volume.state = row.text();
  volume.size_gib = static_cast<uint32_t>(row.integer());
  volume.type = row.text();
  volume.iops = row.optional_integer();
  volume.throughput = row.optional_integer();
  volume.encrypted = row.boolean();
  volume.kms_key_arn = row.text();
  volume.snapshot_id = row.text();
  volume.layer_id = row.text();
  volume.wrapped_key = row.blob();
  volume.failure_code = row.text();
  volume.failure_message = row.text();
  volume.multi_attach = row.boolean();
  volume.created = row.time();
  volume.deleted = row.optional_time();
  volume.independent = row.boolean();
  volume.data_encryption_key_id = row.text();
  volume.principal_arn = row.text();
  return volume;
}

}  // namespace

Status SqliteTransaction::insert_volume(const Volume& volume) {
  Query query(connection_, "INSERT INTO volumes (" COFFER_VOLUME_COLUMNS
                           ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  query.bind(volume.id, volume.account, volume.region, volume.availability_zone, volume.state,
             volume.size_gib, volume.type, volume.iops, volume.throughput, volume.encrypted,
             volume.kms_key_arn, volume.snapshot_id, volume.layer_id, volume.wrapped_key, volume.failure_code,
             volume.failure_message, volume.multi_attach, volume.created, volume.deleted, volume.independent,
             volume.data_encryption_key_id, volume.principal_arn);
  COFFER_CHECK(query.run());
  return replace_tags(volume.id, volume.tags);
}

Status SqliteTransaction::update_volume(const Volume& volume) {
  Query query(
      connection_,
      "UPDATE volumes SET availability_zone = ?, state = ?, size_gib = ?, type = ?, iops = ?,"
      " throughput = ?, encrypted = ?, kms_key_arn = ?, snapshot_id = ?, layer_id = ?, wrapped_key = ?,"
      " failure_code = ?, failure_message = ?, multi_attach = ?, deleted = ?,"
      " data_encryption_key_id = ? WHERE id = ?");
  query.bind(volume.availability_zone, volume.state, volume.size_gib, volume.type, volume.iops,
             volume.throughput, volume.encrypted, volume.kms_key_arn, volume.snapshot_id, volume.layer_id,
             volume.wrapped_key, volume.failure_code, volume.failure_message, volume.multi_attach,
             volume.deleted, volume.data_encryption_key_id, volume.id);
  COFFER_CHECK(query.run());
  COFFER_CHECK(expect_changed("volume " + volume.id));
  return replace_tags(volume.id, volume.tags);
}

Result<std::optional<Volume>> SqliteTransaction::volume(const std::string& id) {
  Query query(connection_, "SELECT " COFFER_VOLUME_COLUMNS " FROM volumes WHERE id = ?");
  query.bind(id);
  COFFER_TRY(found, first_row(query, read_volume));
  if (found) {
    COFFER_TRY(its_tags, tags(id));
    found->tags = std::move(its_tags);
  }
  return found;
}

Result<std::vector<Volume>> SqliteTransaction::volumes(const std::string& account, const std::string& region,
                                                       const std::string& after, size_t limit) {
  Query query(connection_, "SELECT " COFFER_VOLUME_COLUMNS
                           " FROM volumes WHERE account = ? AND region = ? AND id > ? ORDER BY id LIMIT ?");
  query.bind(account, region, after, limit);
  COFFER_TRY(found, rows(query, read_volume));
  COFFER_CHECK(add_tags(found));
  return found;
}

Result<std::vector<Volume>> SqliteTransaction::volumes_in_state(const std::string& state) {
  Query query(connection_, "SELECT " COFFER_VOLUME_COLUMNS " FROM volumes WHERE state = ? ORDER BY id");
  query.bind(state);
  COFFER_TRY(found, rows(query, read_volume));
  COFFER_CHECK(add_tags(found));
  return found;
}

Status SqliteTransaction::purge_deleted_volumes(Timestamp before) {
  constexpr const char* kBelongings[] = {
      "DELETE FROM tags WHERE resource_id IN"
      " (SELECT id FROM volumes WHERE state = 'deleted' AND deleted < ?)",
      "DELETE FROM volume_modifications WHERE volume_id IN"
      " (SELECT id FROM volumes WHERE state = 'deleted' AND deleted < ?)",
      "DELETE FROM volume_rekeys WHERE volume_id IN"
      " (SELECT id FROM volumes WHERE state = 'deleted' AND deleted < ?)"};
  for (const char* sql : kBelongings) {
    Query remove(connection_, sql);
    COFFER_CHECK(remove.bind(before).run());
  }
  Query remove(connection_, "DELETE FROM volumes WHERE state = 'deleted' AND deleted < ?");
  return remove.bind(before).run();
}

Result<size_t> SqliteTransaction::count_volumes() {
  return count("SELECT COUNT(*) FROM volumes WHERE state <> 'deleted'");
}

}  // namespace coffer::catalog
