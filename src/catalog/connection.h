// SPDX-License-Identifier: Apache-2.0
// One SQLite connection with its prepared statements, and one run of a statement on it. Nothing outside this
// folder includes it. A connection is used by one thread at a time.
#pragma once
#include <sqlite3.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace coffer::catalog {

// kConflict for a unique key that exists; kNoSpace, kIo, kCorrupt, kUnavailable (locked) as the code says.
Error sqlite_error(sqlite3* database, std::string_view what);

class Connection {
 public:
  enum class Use { kWrite, kRead };
  static Result<std::unique_ptr<Connection>> open(const std::string& path, Use use);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Several statements, of which no result is wanted.
  Status execute(const char* sql);
  // One that begins, ends or undoes a transaction or a part of one: prepared once, as it is run for each
  // call.
  Status control(const char* sql);
  // No transaction is open; also when SQLite has rolled one back by itself, after an I/O error or a full
  // disk.
  bool in_autocommit() const { return sqlite3_get_autocommit(database_) != 0; }
  sqlite3* handle() { return database_; }
  // Has a statement changed state (Query::Effect) since the last time this was asked?
  bool take_state_changed() { return std::exchange(state_changed_, false); }
  void note_state_changed() { state_changed_ = true; }
  // Prepared at first use and kept. Null when preparing fails: the reason is in sqlite_error.
  sqlite3_stmt* statement(std::string_view sql);

 private:
  explicit Connection(sqlite3* database) : database_(database) {}
  sqlite3* database_;
  std::unordered_map<std::string_view, sqlite3_stmt*> statements_;  // keys are string literals
  bool state_changed_ = false;
};

// One run of a statement: bind its parameters in order, then run() it, or read its rows with next() and, in
// order, the columns of each. `sql` must be a string literal. Resets the statement when dropped.
class Query {
 public:
  // What a statement that writes does: kState changes what calls are decided and answered by, kRecord only
  // tells what was done or answered, and leaves what is cached of the catalog true (Catalog::generation).
  enum class Effect { kState, kRecord };
  Query(Connection& connection, const char* sql, Effect effect = Effect::kState)
      : connection_(connection), statement_(connection.statement(sql)), effect_(effect) {}
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  template <class... Values>
  Query& bind(const Values&... values) {
    (bind_one(values), ...);
    return *this;
  }

  Status run();
  Result<bool> next();

  // The next column of the current row.
  std::string text();
  Bytes blob();
  int64_t integer();
  bool boolean() { return integer() != 0; }
  Timestamp time() { return Timestamp{integer()}; }
  std::optional<int32_t> optional_integer();
  std::optional<Timestamp> optional_time();

 private:
  void bind_one(const std::string& value);
  void bind_one(const Bytes& value);
  void bind_one(int64_t value);
  void bind_one(int32_t value) { bind_one(static_cast<int64_t>(value)); }
  void bind_one(uint32_t value) { bind_one(static_cast<int64_t>(value)); }
  void bind_one(uint64_t value) { bind_one(static_cast<int64_t>(value)); }
  void bind_one(bool value) { bind_one(static_cast<int64_t>(value)); }
  void bind_one(Timestamp value) { bind_one(value.microseconds); }
  template <class T>
  void bind_one(const std::optional<T>& value) {
    if (value) {
      bind_one(*value);
    } else {
      bind_null();
    }
  }
  void bind_null();
  void check_bind(int code);

  Connection& connection_;
  sqlite3_stmt* statement_;
  const Effect effect_;
  int parameter_ = 0;
  int column_ = 0;
  bool bind_failed_ = false;
};

// All rows, each read by `read(query)`.
template <class Read>
auto rows(Query& query, Read read) -> Result<std::vector<decltype(read(query))>> {
  std::vector<decltype(read(query))> all;
  while (true) {
    COFFER_TRY(more, query.next());
    if (!more) return all;
    all.push_back(read(query));
  }
}

// The first row, or nothing.
template <class Read>
auto first_row(Query& query, Read read) -> Result<std::optional<decltype(read(query))>> {
  COFFER_TRY(more, query.next());
  if (!more) return std::optional<decltype(read(query))>();
  return std::optional(read(query));
}

}  // namespace coffer::catalog
