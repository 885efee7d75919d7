// SPDX-License-Identifier: Apache-2.0
#include "services/ebs/upload_worker.h"

#include <fmt/format.h>

#include "base/log.h"
#include "services/arn.h"
#include "services/service_event.h"

namespace coffer::services::ebs {
namespace {

constexpr std::chrono::seconds kPatience{30};  // timeouts are minutes

bool is_overdue(const catalog::SnapshotUpload& upload, Timestamp now) {
  return now.microseconds - upload.last_active.microseconds >= int64_t{upload.timeout_minutes} * 60'000'000;
}

std::string timeout_message(const catalog::SnapshotUpload& upload) {
  return fmt::format(
      "For {} minutes, no block was written and the snapshot was not completed. Start another snapshot, with "
      "a "
      "longer Timeout if need be.",
      upload.timeout_minutes);
}

}  // namespace

void UploadWorker::start() {
  thread_ = std::thread([this] { run(); });
}

void UploadWorker::notify() {
  const std::lock_guard lock(mutex_);
  pending_ = true;
  wake_.notify_one();
}

void UploadWorker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void UploadWorker::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait_for(lock, kPatience, [this] { return pending_ || stopping_; });
    if (stopping_) return;
    pending_ = false;
    lock.unlock();
    if (const Status done = run_once(); !done && done.error().kind != ErrorKind::kUnavailable)
      log_warning("snapshots that are written by blocks: {}", done.error().message);
    lock.lock();
  }
}

// What fails is tried again by the next round; the others go on.
Status UploadWorker::run_once() {
  std::vector<catalog::SnapshotUpload> uploads;
  COFFER_CHECK(installation_.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.snapshot_uploads());
    uploads = std::move(rows);
    return {};
  }));
  Status all;
  for (const auto& upload : uploads)
    if (Status one = visit(upload); !one) all = std::move(one);
  return all;
}

Status UploadWorker::visit(const catalog::SnapshotUpload& upload) {
  std::optional<catalog::Snapshot> snapshot;
  COFFER_CHECK(installation_.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.snapshot(upload.snapshot_id));
    snapshot = std::move(row);
    return {};
  }));
  if (!snapshot || snapshot->state != "pending") return forget(upload.snapshot_id);
  if (!is_overdue(upload, installation_.clock.now())) return {};
  return give_up(upload);
}

// Nothing of it stays in the store; its row tells why until it is deleted.
Status UploadWorker::give_up(const catalog::SnapshotUpload& seen) {
  const auto alone = locks_.exclude_writers(seen.snapshot_id);
  std::optional<catalog::SnapshotUpload> upload;
  COFFER_CHECK(installation_.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.snapshot_upload(seen.snapshot_id));
    upload = std::move(row);
    return {};
  }));
  // A block may have come in between.
  if (!upload || !is_overdue(*upload, installation_.clock.now())) return {};
  COFFER_CHECK(installation_.volumed.delete_snapshot(upload->snapshot_id));
  COFFER_CHECK(installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.snapshot(upload->snapshot_id));
    if (!row || row->state != "pending") return {};
    row->state = "error";
    row->state_message = timeout_message(*upload);
    COFFER_CHECK(transaction.update_snapshot(*row));
    return record_service_event(installation_, transaction,
                                {.account = row->account,
                                 .region = row->region,
                                 .event_source = "ebs.amazonaws.com",
                                 .event_name = "StartSnapshotTimedOut",
                                 .resource_arns = {snapshot_arn(row->region, row->id)},
                                 .on_behalf_of = row->principal_arn,
                                 .error_code = "Client.WriteRequestTimeout",
                                 .error_message = row->state_message});
  }));
  return forget(upload->snapshot_id);
}

// In pieces, so that no other writer of the catalog waits long.
Status UploadWorker::forget(const std::string& snapshot_id) {
  constexpr size_t kPiece = 10'000;
  for (size_t removed = kPiece; removed == kPiece;) {
    COFFER_CHECK(installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
      COFFER_TRY(count, transaction.remove_written_blocks(snapshot_id, kPiece));
      removed = count;
      if (removed < kPiece) return transaction.remove_snapshot_upload(snapshot_id);
      return {};
    }));
  }
  return {};
}

}  // namespace coffer::services::ebs
