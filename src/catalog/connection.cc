// SPDX-License-Identifier: Apache-2.0
#include "catalog/connection.h"

namespace coffer::catalog {
namespace {

ErrorKind kind_of(int extended_code) {
  if (extended_code == SQLITE_CONSTRAINT_UNIQUE || extended_code == SQLITE_CONSTRAINT_PRIMARYKEY)
    return ErrorKind::kConflict;
  switch (extended_code & 0xff) {
    case SQLITE_FULL:
      return ErrorKind::kNoSpace;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return ErrorKind::kIo;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorKind::kCorrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorKind::kUnavailable;
    default:
      return ErrorKind::kInternal;
  }
}

// In memory stay the temporary files, for savepoints' undo data holds what secure_delete is to erase.
constexpr const char* kSettings =
    "PRAGMA secure_delete = ON;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA trusted_schema = OFF;";

// SQLite otherwise takes a mutex of all connections at each allocation, some forty times for one trail
// record.
void keep_no_memory_statistics() {
  static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)once;  // refused where SQLite runs already: then it is slower, no more
}

}  // namespace

Error sqlite_error(sqlite3* database, std::string_view what) {
  const int code = database == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(database);
  const char* text = database == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database);
  // This one may reach a client, who is not to see our tables.
  if (kind_of(code) == ErrorKind::kConflict) return Error{ErrorKind::kConflict, "it exists already"};
  return Error{kind_of(code), "catalog: " + std::string(what) + ": " + text};
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Use use) {
  keep_no_memory_statistics();
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(
      path.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, nullptr);
  auto connection = std::unique_ptr<Connection>(new Connection(database));
  if (code != SQLITE_OK) return tl::unexpected(sqlite_error(database, "open " + path));
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, 10000);
  COFFER_CHECK(connection->execute(kSettings));
  if (use == Use::kWrite) {
    COFFER_CHECK(connection->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"));
  } else {
    COFFER_CHECK(connection->execute("PRAGMA query_only = ON;"));
  }
  return connection;
}

Connection::~Connection() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(database_);
}

Status Connection::execute(const char* sql) {
  if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return tl::unexpected(sqlite_error(database_, sql));
  return {};
}

Status Connection::control(const char* sql) {
  return Query(*this, sql, Query::Effect::kRecord).run();
}

sqlite3_stmt* Connection::statement(std::string_view sql) {
  auto [entry, added] = statements_.try_emplace(sql, nullptr);
  if (entry->second == nullptr)
    sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                       &entry->second, nullptr);
  return entry->second;
}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Status Query::run() {
  COFFER_TRY(row, next());
  if (row) return fail(ErrorKind::kInternal, "catalog: a statement gave an unexpected row");
  return {};
}

Result<bool> Query::next() {
  if (statement_ == nullptr || bind_failed_)
    return tl::unexpected(sqlite_error(connection_.handle(), "prepare"));
  if (effect_ == Effect::kState && sqlite3_stmt_readonly(statement_) == 0) connection_.note_state_changed();
  column_ = 0;
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return tl::unexpected(sqlite_error(connection_.handle(), "statement"));
  }
}

std::string Query::text() {
  const int column = column_++;
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return text == nullptr ? std::string()
                         : std::string(text, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}

Bytes Query::blob() {
  const int column = column_++;
  const auto* data = static_cast<const uint8_t*>(sqlite3_column_blob(statement_, column));
  return data == nullptr ? Bytes() : Bytes(data, data + sqlite3_column_bytes(statement_, column));
}

int64_t Query::integer() {
  return sqlite3_column_int64(statement_, column_++);
}

std::optional<int32_t> Query::optional_integer() {
  const int column = column_++;
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_int(statement_, column);
}

std::optional<Timestamp> Query::optional_time() {
  const int column = column_++;
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return Timestamp{sqlite3_column_int64(statement_, column)};
}

void Query::bind_one(const std::string& value) {
  check_bind(sqlite3_bind_text64(statement_, ++parameter_, value.data(), value.size(), SQLITE_TRANSIENT,
                                 SQLITE_UTF8));
}

void Query::bind_one(const Bytes& value) {
  // A null data pointer would bind NULL, not an empty blob.
  check_bind(value.empty() ? sqlite3_bind_zeroblob(statement_, ++parameter_, 0)
                           : sqlite3_bind_blob64(statement_, ++parameter_, value.data(), value.size(),
                                                 SQLITE_TRANSIENT));
}

void Query::bind_one(int64_t value) {
  check_bind(sqlite3_bind_int64(statement_, ++parameter_, value));
}
void Query::bind_null() {
  check_bind(sqlite3_bind_null(statement_, ++parameter_));
}
void Query::check_bind(int code) {
  bind_failed_ |= code != SQLITE_OK;
}

}  // namespace coffer::catalog
