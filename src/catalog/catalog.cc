// SPDX-License-Identifier: Apache-2.0
// Group commit: writers queue their bodies; one thread runs all that are queued, each under a savepoint, and
// commits them with one fsync, while the next ones queue up.
#include "catalog/catalog.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/disk.h"
#include "base/one_shot_event.h"
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
  } catch (...) {
    return fail(ErrorKind::kInternal, "an exception inside a transaction");
  }
}

// Somebody who waits for the writing connection, on its own stack.
struct Writer {
  const std::function<Status(Transaction&)>* body = nullptr;
  const TrailEvent* event = nullptr;  // instead of a body
  // Neither: the write-ahead log is to be truncated.
  bool truncates() const { return body == nullptr && event == nullptr; }
  Status status{};
  OneShotEvent done{};
};

class SqliteCatalog final : public Catalog {
 public:
  SqliteCatalog(std::string path, std::unique_ptr<Connection> writer)
      : path_(std::move(path)), writer_(std::move(writer)), reserve_(system_disk(), path_ + ".reserve") {
    reserve_.take();
    committer_ = std::thread([this] { commit_batches(); });
  }
  ~SqliteCatalog() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    queued_.notify_one();
    committer_.join();
  }

  Status write(const std::function<Status(Transaction&)>& body, Urgency urgency) override {
    const Status status = write_in_turn(body);
    if (status || status.error().kind != ErrorKind::kNoSpace || urgency != Urgency::kProtective)
      return status;
    return reserve_.release() ? write_in_turn(body) : status;
  }

  Status append_trail(const TrailEvent& event) override {
    Writer writer{.event = &event};
    wait_in_queue(writer);
    return writer.status;
  }

  Status read(const std::function<Status(Transaction&)>& body) override {
    COFFER_TRY(connection, take_reader());
    COFFER_CHECK(connection->control("BEGIN"));
    auto status = run_body(body, *connection);
    const auto ended = connection->control("ROLLBACK");
    if (ended) give_back(std::move(connection));
    return status;
  }

  uint64_t generation() const override { return generation_.load(); }

  Status erase_deleted() override {
    Writer truncation;
    wait_in_queue(truncation);
    return truncation.status;
  }

 private:
  Status write_in_turn(const std::function<Status(Transaction&)>& body) {
    Writer writer{.body = &body};
    wait_in_queue(writer);
    return writer.status;
  }

  void wait_in_queue(Writer& writer) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(&writer);
    }
    queued_.notify_one();
    writer.done.wait();
  }

  // What the committer's thread does. Nobody waits any more when it is told to stop.
  void commit_batches() {
    std::unique_lock lock(mutex_);
    while (true) {
      queued_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      auto batch = take_batch();
      lock.unlock();
      if (batch.front()->truncates())
        batch.front()->status = checkpoint();
      else
        commit(batch);
      const bool wrote =
          std::ranges::all_of(batch, [](const Writer* writer) { return writer->status.has_value(); });
      for (Writer* writer : batch) writer->done.set();
      if (wrote) reserve_.take();  // here, where nobody waits for it: not on a thread with fibers
      lock.lock();
    }
  }

  // Who truncates the log is alone.
  std::vector<Writer*> take_batch() {
    const auto is_truncation = [](const Writer* writer) { return writer->truncates(); };
    const auto most = queue_.begin() + static_cast<ptrdiff_t>(std::min(queue_.size(), kMostWritersPerCommit));
    const auto end = is_truncation(queue_.front()) ? std::next(queue_.begin())
                                                   : std::find_if(queue_.begin(), most, is_truncation);
    std::vector<Writer*> batch(queue_.begin(), end);
    queue_.erase(queue_.begin(), end);
    return batch;
  }

  void commit(std::vector<Writer*>& batch) {
    Status status = writer_->control("BEGIN IMMEDIATE");
    if (status) {
      for (Writer* writer : batch) {
        writer->status =
            writer->event != nullptr ? append(*writer->event) : run_under_savepoint(*writer->body);
        if (writer_->in_autocommit()) {  // SQLite gave the whole transaction up
          status = writer->status ? fail(ErrorKind::kIo, "catalog: the transaction was rolled back")
                                  : Status(tl::unexpected(writer->status.error()));
          break;
        }
      }
    }
    if (status) status = writer_->control("COMMIT");
    // Also after a failure, whose writes may yet have reached the disk.
    if (writer_->take_state_changed()) generation_.fetch_add(1);
    if (status) return;
    if (!writer_->in_autocommit()) (void)writer_->control("ROLLBACK");
    for (Writer* writer : batch)
      if (writer->status) writer->status = status;
  }

  // One statement, which undoes itself when it fails.
  Status append(const TrailEvent& event) { return SqliteTransaction(*writer_).append_trail(event); }

  Status run_under_savepoint(const std::function<Status(Transaction&)>& body) {
    COFFER_CHECK(writer_->control("SAVEPOINT writer"));
    auto status = run_body(body, *writer_);
    if (writer_->in_autocommit()) return status;
    if (!status) COFFER_CHECK(writer_->control("ROLLBACK TO writer"));
    COFFER_CHECK(writer_->control("RELEASE writer"));
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
  std::unique_ptr<Connection> writer_;  // used by the committer's thread only
  std::mutex mutex_;                    // of the queue
  std::condition_variable queued_;
  std::deque<Writer*> queue_;
  bool stopping_ = false;
  std::thread committer_;
  std::atomic<uint64_t> generation_ = 1;
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
