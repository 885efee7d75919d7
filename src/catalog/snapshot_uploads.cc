// SPDX-License-Identifier: Apache-2.0
// Snapshots that are written block by block.
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

SnapshotUpload read_upload(Query& row) {
  SnapshotUpload upload;
  upload.snapshot_id = row.text();
  upload.timeout_minutes = static_cast<uint32_t>(row.integer());
  upload.last_active = row.time();
  return upload;
}

WrittenBlock read_block(Query& row) {
  WrittenBlock block;
  block.index = static_cast<uint32_t>(row.integer());
  block.checksum = row.blob();
  return block;
}

}  // namespace

Status SqliteTransaction::insert_snapshot_upload(const SnapshotUpload& upload) {
  Query query(connection_,
              "INSERT INTO snapshot_uploads (snapshot_id, timeout_minutes, last_active) VALUES (?, ?, ?)");
  return query.bind(upload.snapshot_id, upload.timeout_minutes, upload.last_active).run();
}

Status SqliteTransaction::set_last_active(const std::string& snapshot_id, Timestamp time) {
  Query query(connection_, "UPDATE snapshot_uploads SET last_active = ? WHERE snapshot_id = ?");
  COFFER_CHECK(query.bind(time, snapshot_id).run());
  return expect_changed("upload of snapshot " + snapshot_id);
}

Status SqliteTransaction::remove_snapshot_upload(const std::string& snapshot_id) {
  Query query(connection_, "DELETE FROM snapshot_uploads WHERE snapshot_id = ?");
  return query.bind(snapshot_id).run();
}

Result<std::optional<SnapshotUpload>> SqliteTransaction::snapshot_upload(const std::string& snapshot_id) {
  Query query(connection_,
              "SELECT snapshot_id, timeout_minutes, last_active FROM snapshot_uploads WHERE snapshot_id = ?");
  query.bind(snapshot_id);
  return first_row(query, read_upload);
}

Result<std::vector<SnapshotUpload>> SqliteTransaction::snapshot_uploads() {
  Query query(connection_,
              "SELECT snapshot_id, timeout_minutes, last_active FROM snapshot_uploads ORDER BY snapshot_id");
  return rows(query, read_upload);
}

Status SqliteTransaction::put_written_block(const std::string& snapshot_id, const WrittenBlock& block) {
  Query query(connection_,
              "INSERT INTO snapshot_blocks (snapshot_id, block, checksum) VALUES (?, ?, ?)"
              " ON CONFLICT (snapshot_id, block) DO UPDATE SET checksum = excluded.checksum");
  return query.bind(snapshot_id, block.index, block.checksum).run();
}

Result<std::optional<WrittenBlock>> SqliteTransaction::written_block(const std::string& snapshot_id,
                                                                     uint32_t index) {
  Query query(connection_, "SELECT block, checksum FROM snapshot_blocks WHERE snapshot_id = ? AND block = ?");
  query.bind(snapshot_id, index);
  return first_row(query, read_block);
}

Result<std::vector<WrittenBlock>> SqliteTransaction::written_blocks(const std::string& snapshot_id,
                                                                    uint64_t first, size_t limit) {
  Query query(connection_,
              "SELECT block, checksum FROM snapshot_blocks WHERE snapshot_id = ? AND block >= ?"
              " ORDER BY block LIMIT ?");
  query.bind(snapshot_id, static_cast<int64_t>(first), limit);
  return rows(query, read_block);
}

Status SqliteTransaction::remove_written_block(const std::string& snapshot_id, uint32_t index) {
  Query query(connection_, "DELETE FROM snapshot_blocks WHERE snapshot_id = ? AND block = ?");
  return query.bind(snapshot_id, index).run();
}

Result<size_t> SqliteTransaction::remove_written_blocks(const std::string& snapshot_id, size_t limit) {
  Query query(connection_,
              "DELETE FROM snapshot_blocks WHERE snapshot_id = ? AND block IN"
              " (SELECT block FROM snapshot_blocks WHERE snapshot_id = ? LIMIT ?)");
  COFFER_CHECK(query.bind(snapshot_id, snapshot_id, limit).run());
  return static_cast<size_t>(sqlite3_changes64(connection_.handle()));
}

}  // namespace coffer::catalog
