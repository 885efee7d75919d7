// SPDX-License-Identifier: Apache-2.0
#include "catalog/copy.h"

#include <sys/stat.h>

#include "catalog/connection.h"

namespace coffer::catalog {

// SQLite's own way to copy a database that is in use (sqlite3_backup_init): one read transaction, all pages.
Status copy_database(const std::string& from, const std::string& to) {
  COFFER_TRY(source, Connection::open(from, Connection::Use::kRead));
  sqlite3* target = nullptr;
  const ::mode_t before = ::umask(077);
  int code = sqlite3_open_v2(to.c_str(), &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  ::umask(before);
  if (code == SQLITE_OK) {
    sqlite3_backup* backup = sqlite3_backup_init(target, "main", source->handle(), "main");
    if (backup != nullptr) {
      sqlite3_backup_step(backup, -1);
      sqlite3_backup_finish(backup);
    }
    code = sqlite3_errcode(target);
  }
  Status status = code == SQLITE_OK ? Status() : tl::unexpected(sqlite_error(target, "copy"));
  // A file by itself, without a write-ahead log beside it.
  if (status && sqlite3_exec(target, "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr) != SQLITE_OK)
    status = tl::unexpected(sqlite_error(target, "copy"));
  sqlite3_close(target);
  return status;
}

}  // namespace coffer::catalog
