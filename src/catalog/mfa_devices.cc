// SPDX-License-Identifier: Apache-2.0
// Virtual MFA devices.
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

MfaDevice read_device(Query& row) {
  MfaDevice device;
  device.serial_number = row.text();
  device.account = row.text();
  device.wrapped_secret = row.blob();
  device.created = row.time();
  device.user_id = row.text();
  device.enabled = row.optional_time();
  device.drift_steps = row.integer();
  device.last_step = row.integer();
  device.failures = row.integer();
  device.last_failure = row.optional_time();
  return device;
}

#define COFFER_DEVICE_COLUMNS                                                                  \
  "serial_number, account, wrapped_secret, created, user_id, enabled, drift_steps, last_step," \
  " failures, last_failure"

}  // namespace

Status SqliteTransaction::insert_mfa_device(const MfaDevice& device) {
  COFFER_CHECK(allow_wrapped(WrappedSetting::Form::kSecret, device.wrapped_secret));
  Query query(connection_,
              "INSERT INTO mfa_devices (" COFFER_DEVICE_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  COFFER_CHECK(query
                   .bind(device.serial_number, device.account, device.wrapped_secret, device.created,
                         device.user_id, device.enabled, device.drift_steps, device.last_step,
                         device.failures, device.last_failure)
                   .run());
  return replace_tags(device.serial_number, device.tags);
}

Status SqliteTransaction::update_mfa_device(const MfaDevice& device) {
  Query query(connection_, "UPDATE mfa_devices SET user_id = ?, enabled = ? WHERE serial_number = ?");
  COFFER_CHECK(query.bind(device.user_id, device.enabled, device.serial_number).run());
  COFFER_CHECK(expect_changed("MFA device " + device.serial_number));
  return note_mfa_code(device);
}

Status SqliteTransaction::note_mfa_code(const MfaDevice& device) {
  Query query(connection_,
              "UPDATE mfa_devices SET drift_steps = ?, last_step = ?, failures = ?, last_failure = ?"
              " WHERE serial_number = ?",
              Query::Effect::kRecord);
  COFFER_CHECK(query
                   .bind(device.drift_steps, device.last_step, device.failures, device.last_failure,
                         device.serial_number)
                   .run());
  return expect_changed("MFA device " + device.serial_number);
}

Status SqliteTransaction::remove_mfa_device(const std::string& serial_number) {
  COFFER_CHECK(replace_tags(serial_number, {}));
  Query query(connection_, "DELETE FROM mfa_devices WHERE serial_number = ?");
  COFFER_CHECK(query.bind(serial_number).run());
  return expect_changed("MFA device " + serial_number);
}

Result<std::optional<MfaDevice>> SqliteTransaction::mfa_device(const std::string& serial_number) {
  Query query(connection_, "SELECT " COFFER_DEVICE_COLUMNS " FROM mfa_devices WHERE serial_number = ?");
  query.bind(serial_number);
  COFFER_TRY(found, first_row(query, read_device));
  if (found) {
    COFFER_TRY(its_tags, tags(serial_number));
    found->tags = std::move(its_tags);
  }
  return found;
}

Result<std::vector<MfaDevice>> SqliteTransaction::mfa_devices(const std::string& account) {
  Query query(connection_,
              "SELECT " COFFER_DEVICE_COLUMNS " FROM mfa_devices WHERE account = ? ORDER BY serial_number");
  query.bind(account);
  return rows(query, read_device);
}

Result<std::vector<MfaDevice>> SqliteTransaction::mfa_devices_of_user(const std::string& user_id) {
  Query query(connection_, "SELECT " COFFER_DEVICE_COLUMNS
                           " FROM mfa_devices WHERE user_id = ? AND user_id <> '' ORDER BY serial_number");
  query.bind(user_id);
  return rows(query, read_device);
}

}  // namespace coffer::catalog
