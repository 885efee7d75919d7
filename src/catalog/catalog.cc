// SPDX-License-Identifier: Apache-2.0
// Group commit: a writer queues its body; whoever finds no leader becomes it, runs all queued bodies, each
// under a savepoint, and commits them with one fsync, while the next ones queue up.
#include "catalog/catalog.h"

#include <sys/stat.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>

#include "base/clock.h"
#include "base/disk.h"
#include "catalog/connection.h"
#include "catalog/reserved_space.h"
#include "catalog/schema.h"
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

constexpr size_t kMostWritersPerCommit = 64;
constexpr size_t kMostIdleReaders = 8;

Status run_body(const std::function<Status(Transaction&)>& body, Connection& connection) {
  SqliteTransaction transaction(connection);
  try {
    return body(transaction);
  } catch (const std::exception& exception) {
    return fail(ErrorKind::kInternal, std::string("an exception inside a transaction: ") + exception.what());
  }
}

struct Writer {
  const std::function<Status(Transaction&)>* body;
  Status status{};
  bool done = false;
};

class SqliteCatalog final : public Catalog {
 public:
  SqliteCatalog(std::string path, std::unique_ptr<Connection> writer)
      : path_(std::move(path)), writer_(std::move(writer)), reserve_(system_disk(), path_ + ".reserve") {
    reserve_.take();
  }

  Status write(const std::function<Status(Transaction&)>& body, Urgency urgency) override {
    const Status status = write_in_turn(body);
    if (status) reserve_.take();
    if (status || status.error().kind != ErrorKind::kNoSpace || urgency != Urgency::kProtective)
      return status;
    return reserve_.release() ? write_in_turn(body) : status;
  }

  Status read(const std::function<Status(Transaction&)>& body) override {
    COFFER_TRY(connection, take_reader());
    COFFER_CHECK(connection->execute("BEGIN"));
    auto status = run_body(body, *connection);
    const auto ended = connection->execute("ROLLBACK");
    if (ended) give_back(std::move(connection));
    return status;
  }

  Status erase_deleted() override {
    std::unique_lock lock(mutex_);
    while (leading_) changed_.wait(lock);
    Status status;
    lead(
        lock, [] { return 0; }, [&](int) { status = checkpoint(); });
    return status;
  }

 private:
  Status write_in_turn(const std::function<Status(Transaction&)>& body) {
    Writer mine{&body};
    std::unique_lock lock(mutex_);
    queue_.push_back(&mine);
    while (!mine.done) {
      if (leading_) {
        changed_.wait(lock);
        continue;
      }
      lead(
          lock, [this] { return take_batch(); }, [this](std::vector<Writer*>& batch) { commit(batch); });
    }
    return mine.status;
  }

  // Alone on the writing connection while `work` runs, without the lock.
  template <class Take, class Work>
  void lead(std::unique_lock<std::mutex>& lock, Take take, Work work) {
    leading_ = true;
    auto taken = take();
    lock.unlock();
    work(taken);
    lock.lock();
    finish(taken);
    leading_ = false;
    changed_.notify_all();
  }
  static void finish(std::vector<Writer*>& batch) {
    for (Writer* writer : batch) writer->done = true;
  }
  static void finish(int) {}

  std::vector<Writer*> take_batch() {
    const size_t count = std::min(queue_.size(), kMostWritersPerCommit);
    std::vector<Writer*> batch(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(count));
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(count));
    return batch;
  }

  void commit(std::vector<Writer*>& batch) {
    Status status = writer_->execute("BEGIN IMMEDIATE");
    if (status) {
      for (Writer* writer : batch) {
        writer->status = run_under_savepoint(*writer->body);
        if (writer_->in_autocommit()) {  // SQLite gave the whole transaction up
          status = writer->status ? fail(ErrorKind::kIo, "catalog: the transaction was rolled back")
                                  : Status(tl::unexpected(writer->status.error()));
          break;
        }
      }
    }
    if (status) status = writer_->execute("COMMIT");
    if (status) return;
    if (!writer_->in_autocommit()) (void)writer_->execute("ROLLBACK");
    for (Writer* writer : batch)
      if (writer->status) writer->status = status;
  }

  Status run_under_savepoint(const std::function<Status(Transaction&)>& body) {
    COFFER_CHECK(writer_->execute("SAVEPOINT writer"));
    auto status = run_body(body, *writer_);
    if (writer_->in_autocommit()) return status;
    if (!status) COFFER_CHECK(writer_->execute("ROLLBACK TO writer"));
    COFFER_CHECK(writer_->execute("RELEASE writer"));
    return status;
  }

  Status checkpoint() {
    Query query(*writer_, "PRAGMA wal_checkpoint(TRUNCATE)");
    COFFER_TRY(row, query.next());
    if (!row || query.integer() != 0)
      return fail(ErrorKind::kUnavailable, "catalog: readers kept the write-ahead log from being truncated");
    return {};
  }

  Result<std::unique_ptr<Connection>> take_reader() {
    {
      const std::lock_guard lock(readers_mutex_);
      if (!readers_.empty()) {
        auto connection = std::move(readers_.back());
        readers_.pop_back();
        return connection;
      }
    }
    return Connection::open(path_, Connection::Use::kRead);
  }

  void give_back(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(readers_mutex_);
    if (readers_.size() < kMostIdleReaders) readers_.push_back(std::move(connection));
  }

  const std::string path_;
  std::unique_ptr<Connection> writer_;  // used by the leader only
  std::mutex mutex_;
  std::condition_variable changed_;
  bool leading_ = false;
  std::deque<Writer*> queue_;
  ReservedSpace reserve_;
  std::mutex readers_mutex_;
  std::vector<std::unique_ptr<Connection>> readers_;
};

// SQLite gives its log files the permissions of the database file.
Status create_private(const std::string& path) {
  COFFER_TRY(file, system_disk().open(path, {.create = true}));
  if (::chmod(path.c_str(), 0600) != 0) return fail_errno("chmod " + path);
  const size_t slash = path.rfind('/');
  return system_disk().flush_directory(slash == std::string::npos ? "."
                                       : slash == 0               ? "/"
                                                                  : path.substr(0, slash));
}

}  // namespace

Result<std::unique_ptr<Catalog>> Catalog::open(const std::string& path) {
  COFFER_CHECK(create_private(path));
  COFFER_TRY(writer, Connection::open(path, Connection::Use::kWrite));
  COFFER_CHECK(migrate(*writer, migrations(), system_clock().now()));
  return std::unique_ptr<Catalog>(std::make_unique<SqliteCatalog>(path, std::move(writer)));
}

}  // namespace coffer::catalog
