// SPDX-License-Identifier: Apache-2.0
#include "catalog/transaction.h"

#define COFFER_ATTACHMENT_COLUMNS                                                                    \
  "volume_id, id, account, region, instance_id, device, state, socket_path, principal_arn, failure," \
  " attached, delete_on_termination"

namespace coffer::catalog {
namespace {

Attachment read_attachment(Query& row) {
  Attachment attachment;
  attachment.volume_id = row.text();
  attachment.id = row.text();
  attachment.account = row.text();
  attachment.region = row.text();
  attachment.instance_id = row.text();
  attachment.device = row.text();
  attachment.state = row.text();
  attachment.socket_path = row.text();
  attachment.principal_arn = row.text();
  attachment.failure = row.text();
  attachment.attached = row.time();
  attachment.delete_on_termination = row.boolean();
  return attachment;
}

}  // namespace

Status SqliteTransaction::insert_attachment(const Attachment& attachment) {
  Query query(connection_, "INSERT INTO attachments (" COFFER_ATTACHMENT_COLUMNS
                           ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  return query
      .bind(attachment.volume_id, attachment.id, attachment.account, attachment.region,
            attachment.instance_id, attachment.device, attachment.state, attachment.socket_path,
            attachment.principal_arn, attachment.failure, attachment.attached,
            attachment.delete_on_termination)
      .run();
}

Status SqliteTransaction::update_attachment(const Attachment& attachment) {
  Query query(connection_,
              "UPDATE attachments SET id = ?, instance_id = ?, device = ?, state = ?, socket_path = ?,"
              " principal_arn = ?, failure = ?, attached = ?, delete_on_termination = ? WHERE volume_id = ?");
  query.bind(attachment.id, attachment.instance_id, attachment.device, attachment.state,
             attachment.socket_path, attachment.principal_arn, attachment.failure, attachment.attached,
             attachment.delete_on_termination, attachment.volume_id);
  COFFER_CHECK(query.run());
  return expect_changed("attachment of " + attachment.volume_id);
}

Status SqliteTransaction::remove_attachment(const std::string& volume_id) {
  Query query(connection_, "DELETE FROM attachments WHERE volume_id = ?");
  return query.bind(volume_id).run();
}

Result<std::optional<Attachment>> SqliteTransaction::attachment(const std::string& volume_id) {
  Query query(connection_, "SELECT " COFFER_ATTACHMENT_COLUMNS " FROM attachments WHERE volume_id = ?");
  query.bind(volume_id);
  return first_row(query, read_attachment);
}

Result<std::vector<Attachment>> SqliteTransaction::attachments() {
  Query query(connection_, "SELECT " COFFER_ATTACHMENT_COLUMNS " FROM attachments ORDER BY volume_id");
  return rows(query, read_attachment);
}

}  // namespace coffer::catalog
