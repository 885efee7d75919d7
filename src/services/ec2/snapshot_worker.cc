// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/snapshot_worker.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "services/arn.h"
#include "services/ec2/layer_keys.h"
#include "services/ec2/snapshot_lookup.h"
#include "services/service_event.h"

namespace coffer::services::ec2 {
namespace {

constexpr std::chrono::seconds kBetweenReconciliations(30);

std::chrono::milliseconds until_next(SnapshotWorker::Pass pass) {
  using Pass = SnapshotWorker::Pass;
  if (pass == Pass::kWatching) return std::chrono::milliseconds(200);
  if (pass == Pass::kTryAgain) return std::chrono::milliseconds(500);
  if (pass == Pass::kLifting) return std::chrono::seconds(2);
  return std::chrono::seconds(30);  // volumed may have found work by itself
}

Result<std::vector<catalog::Snapshot>> snapshots_in_state(Installation& installation, const char* state) {
  std::vector<catalog::Snapshot> found;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.snapshots_in_state(state));
    found = std::move(rows);
    return {};
  }));
  return found;
}

bool is_copy(const catalog::Snapshot& snapshot) {
  return !snapshot.source_snapshot_id.empty();
}

// Written block by block: completed by a call of its own.
bool is_written(const catalog::Snapshot& snapshot) {
  return !is_copy(snapshot) && snapshot.volume_id == kNoVolumeId;
}

// Is something about to be made of it that volumed does not know yet?
Result<bool> is_needed(Installation& installation, const std::string& snapshot_id) {
  bool needed = false;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(volumes, transaction.volumes_in_state("creating"));
    for (const auto& volume : volumes) needed = needed || volume.snapshot_id == snapshot_id;
    COFFER_TRY(pending, transaction.snapshots_in_state("pending"));
    for (const auto& other : pending) needed = needed || other.source_snapshot_id == snapshot_id;
    return {};
  }));
  return needed;
}

}  // namespace

void SnapshotWorker::start() {
  if (const auto status = abandon_cut_off(); !status)
    log_error("cannot clear away snapshots that were cut off: {}", status.error().message);
  pending_ = true;
  thread_ = std::thread([this] { run(); });
}

void SnapshotWorker::notify() {
  const std::lock_guard lock(mutex_);
  pending_ = true;
  wake_.notify_one();
}

void SnapshotWorker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void SnapshotWorker::run() {
  auto patience = until_next(Pass::kIdle);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, patience, [this] { return pending_ || stopping_; });
    if (stopping_) return;
    pending_ = false;
    lock.unlock();
    const Pass pass = do_all();
    lock.lock();
    patience = until_next(pass);
  }
}

SnapshotWorker::Pass SnapshotWorker::do_all() {
  bool all_done = true, watch = false;
  const auto note = [&](const char* what, const Status& status) {
    if (status) return true;
    if (status.error().kind != ErrorKind::kUnavailable) log_warning("{}: {}", what, status.error().message);
    return all_done = false;
  };
  const auto now = installation_.clock.steady_now();
  if (now >= next_reconciliation_ && note("snapshots are not reconciled yet", reconcile()))
    next_reconciliation_ = now + kBetweenReconciliations;

  const auto deleting = snapshots_in_state(installation_, "deleting");
  if (!deleting) return Pass::kTryAgain;
  for (const auto& snapshot : *deleting) note("a snapshot is not deleted yet", delete_one(snapshot));
  note("a modification is not done yet", changes_.advance_modifications());

  const auto jobs = jobs_.list();
  if (!jobs) {
    note("volumed's work is not known", tl::unexpected(jobs.error()));
    return Pass::kTryAgain;
  }
  jobs_.keep_only(*jobs);
  const auto watch_pending = advance_pending(*jobs);
  if (note("snapshots are not advanced", watch_pending.map([](bool) {}))) watch = watch || *watch_pending;
  const auto watch_rekeys = changes_.advance_rekeys(*jobs, jobs_);
  if (note("a re-keying is not advanced", watch_rekeys.map([](bool) {}))) watch = watch || *watch_rekeys;
  note("background work is not run", changes_.run_lifts(*jobs, jobs_));
  erasure_pending_ = changes_.keys_were_cleared() || erasure_pending_;
  if (erasure_pending_)
    erasure_pending_ = !note("keys are not overwritten", installation_.catalog.erase_deleted());
  if (!all_done) return Pass::kTryAgain;
  if (watch) return Pass::kWatching;
  return jobs->empty() ? Pass::kIdle : Pass::kLifting;
}

Status SnapshotWorker::abandon_cut_off() {
  return installation_.catalog.write([](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(cut_off, transaction.snapshots_in_state("creating"));
    for (auto& snapshot : cut_off) {
      snapshot.state = "deleting";
      COFFER_CHECK(transaction.update_snapshot(snapshot));
    }
    return {};
  });
}

// What volumed has is asked before what the catalog knows: rows come before snapshots, so that one that is
// made meanwhile is known.
Status SnapshotWorker::reconcile() {
  COFFER_TRY(there, installation_.volumed.list_snapshots());
  std::vector<std::string> known;
  COFFER_CHECK(installation_.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(ids, transaction.snapshot_ids());
    known = std::move(ids);
    return {};
  }));
  for (const auto& snapshot : there) {
    if (std::binary_search(known.begin(), known.end(), snapshot.snapshot_id)) continue;
    if (snapshot.complete) {
      if (kept_unknown_.insert(snapshot.snapshot_id).second)
        log_warning("snapshot {} is in the store and not in the catalog: it is kept", snapshot.snapshot_id);
      continue;
    }
    log_warning("unfinished snapshot {} is in the store and not in the catalog: it is deleted",
                snapshot.snapshot_id);
    COFFER_CHECK(installation_.volumed.delete_snapshot(snapshot.snapshot_id));
  }
  return {};
}

// Crypto-erase, like a volume's: first the store, then the catalog.
Status SnapshotWorker::delete_one(const catalog::Snapshot& snapshot) {
  COFFER_TRY(needed, is_needed(installation_, snapshot.id));
  if (needed) return fail(ErrorKind::kUnavailable, "something is still to be made of it");
  COFFER_CHECK(installation_.volumed.delete_snapshot(snapshot.id));
  made_copies_.erase(snapshot.id);
  erasure_pending_ = erasure_pending_ || !snapshot.wrapped_key.empty();
  return installation_.catalog.write(
      [&](catalog::Transaction& transaction) -> Status {
        COFFER_CHECK(transaction.remove_snapshot(snapshot.id));
        return record_service_event(installation_, transaction,
                                    {.account = snapshot.account,
                                     .region = snapshot.region,
                                     .event_source = "ec2.amazonaws.com",
                                     .event_name = snapshot.encrypted ? "EraseSnapshotKey" : "EraseSnapshot",
                                     .resource_arns = {snapshot_arn(snapshot.region, snapshot.id)}});
      },
      catalog::Urgency::kProtective);
}

Status SnapshotWorker::make_copy(catalog::Snapshot& copy) {
  if (made_copies_.contains(copy.id)) return {};
  // An encrypted copy whose key the catalog has given away is there already.
  if (!copy.encrypted || !copy.wrapped_key.empty()) {
    control::NewDetachedSnapshot wanted;
    wanted.snapshot_id = copy.id;
    wanted.size_bytes = uint64_t{copy.volume_size_gib} << 30;
    wanted.layer = {copy.layer_id, std::nullopt, copy.id};
    if (copy.encrypted) wanted.layer.wrapped_key = copy.wrapped_key;
    wanted.source_snapshot_id = copy.source_snapshot_id;
    COFFER_CHECK(installation_.volumed.create_detached_snapshot(wanted));
    copy.wrapped_key.clear();
    erasure_pending_ = erasure_pending_ || copy.encrypted;
    COFFER_CHECK(store(copy));
  }
  made_copies_.insert(copy.id);
  return {};
}

Result<bool> SnapshotWorker::advance_pending(const JobsBySubject& jobs) {
  COFFER_TRY(pending, snapshots_in_state(installation_, "pending"));
  bool watch = false;
  Status all;
  for (auto& snapshot : pending)
    if (!is_written(snapshot))
      if (auto status = advance(std::move(snapshot), jobs, watch); !status) all = std::move(status);
  if (!all) return tl::unexpected(all.error());
  return watch;
}

Status SnapshotWorker::advance(catalog::Snapshot snapshot, const JobsBySubject& jobs, bool& watch) {
  if (!is_copy(snapshot)) return complete(snapshot, watch);
  const bool is_new = !made_copies_.contains(snapshot.id);
  if (const Status made = make_copy(snapshot); !made) {
    if (made.error().kind == ErrorKind::kUnavailable || made.error().kind == ErrorKind::kNoSpace) return made;
    return give_up(snapshot, fmt::format("The copy could not be made: {}", made.error().message));
  }
  const auto job = jobs.find(snapshot.id);
  if (job == jobs.end()) {
    watch = watch || is_new;  // the list of jobs may be older than it
    return is_new ? Status() : complete(snapshot, watch);
  }
  watch = true;
  if (job->second.state == "failed")
    return give_up(snapshot,
                   fmt::format("The copy failed: {}. Call CopySnapshot again.", job->second.failure));
  const Status going = jobs_.run(job->second, {snapshot.account, snapshot.principal_arn, snapshot.started});
  if (!going && is_about_a_key(going.error()))
    return give_up(snapshot, inaccessible_key_message(going.error(), "kms:Decrypt"));
  if (!going) return going;
  const uint32_t percent = percent_of(job->second);
  if (percent == snapshot.progress) return {};
  snapshot.progress = percent;
  return store(snapshot);
}

Status SnapshotWorker::complete(catalog::Snapshot& snapshot, bool& watch) {
  const Status completed = installation_.volumed.complete_snapshot(snapshot.id);
  if (completed) {
    COFFER_CHECK(take_size(snapshot));
    snapshot.state = "completed";
    snapshot.progress = 100;
    snapshot.completed = installation_.clock.now();
    return store(snapshot);
  }
  switch (completed.error().kind) {
    case ErrorKind::kConflict:  // a copy that is not done: its work comes up in the list of jobs
      watch = true;
      return {};
    case ErrorKind::kUnavailable:
    case ErrorKind::kNoSpace:
      return completed;
    default:
      return give_up(snapshot, fmt::format("The snapshot could not be completed: {}. Make another.",
                                           completed.error().message));
  }
}

// The row has the volume's size as the catalog knew it; the volume may have grown already, without an answer.
Status SnapshotWorker::take_size(catalog::Snapshot& snapshot) {
  COFFER_TRY(there, installation_.volumed.list_snapshots());
  for (const auto& each : there)
    if (each.snapshot_id == snapshot.id)
      snapshot.volume_size_gib = static_cast<uint32_t>(each.size_bytes >> 30);
  return {};
}

// Nothing of it stays in the store; its row tells why until it is deleted.
Status SnapshotWorker::give_up(catalog::Snapshot& snapshot, std::string message) {
  COFFER_CHECK(installation_.volumed.delete_snapshot(snapshot.id));
  made_copies_.erase(snapshot.id);
  erasure_pending_ = erasure_pending_ || !snapshot.wrapped_key.empty();
  snapshot.state = "error";
  snapshot.state_message = std::move(message);
  snapshot.wrapped_key.clear();
  return installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.snapshot(snapshot.id));
    if (!row || row->state != "pending") return {};
    snapshot.tags = row->tags;
    COFFER_CHECK(transaction.update_snapshot(snapshot));
    return record_service_event(
        installation_, transaction,
        {.account = snapshot.account,
         .region = snapshot.region,
         .event_source = "ec2.amazonaws.com",
         .event_name = is_copy(snapshot) ? "CopySnapshotFailed" : "CreateSnapshotFailed",
         .resource_arns = {snapshot_arn(snapshot.region, snapshot.id)},
         .on_behalf_of = snapshot.principal_arn,
         .error_code = "Client.InvalidSnapshotState",
         .error_message = snapshot.state_message});
  });
}

// Unless it was deleted in between; its tags are the catalog's.
Status SnapshotWorker::store(const catalog::Snapshot& snapshot) {
  return installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.snapshot(snapshot.id));
    if (!row || row->state != "pending") return {};
    catalog::Snapshot changed = snapshot;
    changed.tags = row->tags;
    return transaction.update_snapshot(changed);
  });
}

}  // namespace coffer::services::ec2
