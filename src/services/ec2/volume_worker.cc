// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/volume_worker.h"

#include <fmt/format.h>

#include "base/log.h"
#include "services/arn.h"
#include "services/service_event.h"

namespace coffer::services::ec2 {
namespace {

constexpr int64_t kHour = 3600ll * 1000000;

Result<std::vector<catalog::Volume>> volumes_in_state(Installation& installation, const std::string& state) {
  std::vector<catalog::Volume> volumes;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.volumes_in_state(state));
    volumes = std::move(rows);
    return {};
  }));
  return volumes;
}

}  // namespace

void VolumeWorker::start() {
  pending_ = true;
  thread_ = std::thread([this] { run(); });
}

void VolumeWorker::notify() {
  const std::lock_guard lock(mutex_);
  pending_ = true;
  wake_.notify_one();
}

void VolumeWorker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void VolumeWorker::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!pending_) wake_.wait_for(lock, std::chrono::minutes(5), [this] { return pending_ || stopping_; });
    if (stopping_) return;
    pending_ = false;
    lock.unlock();
    const bool done = do_all();
    forget_old();
    lock.lock();
    if (!done && !stopping_) {
      wake_.wait_for(lock, std::chrono::milliseconds(500), [this] { return stopping_; });
      pending_ = true;
    }
  }
}

bool VolumeWorker::do_all() {
  bool done = true;
  for (const char* state : {"creating", "deleting"}) {
    auto volumes = volumes_in_state(installation_, state);
    if (!volumes) {
      log_error("cannot list volumes that are {}: {}", state, volumes.error().message);
      return false;
    }
    for (auto& volume : *volumes) {
      const std::string id = volume.id;
      const Status status = std::string_view(state) == "creating" ? finish_creation(std::move(volume))
                                                                  : finish_deletion(std::move(volume));
      if (!status) {
        log_warning("volume {} stays {} for now: {}", id, state, status.error().message);
        done = false;
      }
    }
  }
  if (erasure_pending_) {
    const auto erased = installation_.catalog.erase_deleted();
    if (!erased) log_warning("deleted keys are not overwritten yet: {}", erased.error().message);
    erasure_pending_ = !erased;
  }
  return done && !erasure_pending_;
}

Status VolumeWorker::finish_creation(catalog::Volume volume) {
  if (volume.failure_code.empty()) {
    control::NewVolume wanted;
    wanted.volume_id = volume.id;
    wanted.size_bytes = uint64_t{volume.size_gib} << 30;
    wanted.layer = {volume.layer_id, std::nullopt, volume.id};
    if (volume.encrypted) wanted.layer.wrapped_key = volume.wrapped_key;
    wanted.snapshot_id = volume.snapshot_id;
    wanted.independent = volume.independent;
    const Status created = installation_.volumed.create_volume(wanted);
    if (!created && created.error().kind == ErrorKind::kUnavailable) return created;
    if (!created) {
      volume.failure_code =
          created.error().kind == ErrorKind::kNoSpace ? "InsufficientVolumeCapacity" : "InternalError";
      volume.failure_message = created.error().message;
    }
  }
  const bool failed = !volume.failure_code.empty();
  volume.state = failed ? "deleted" : "available";
  if (failed) volume.deleted = installation_.clock.now();
  volume.wrapped_key.clear();  // the store's manifest holds it now
  return installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.volume(volume.id));
    if (row) volume.tags = std::move(row->tags);  // they may have changed meanwhile
    COFFER_CHECK(transaction.update_volume(volume));
    if (!failed) return {};
    return record_service_event(installation_, transaction,
                                {.account = volume.account,
                                 .region = volume.region,
                                 .event_source = "ec2.amazonaws.com",
                                 .event_name = "CreateVolumeFailed",
                                 .resource_arns = {volume_arn(volume.region, volume.account, volume.id)},
                                 .error_code = volume.failure_code,
                                 .error_message = volume.failure_message});
  });
}

// Crypto-erase: first the store destroys the manifest with the wrapped data key, then its going is recorded,
// then (in do_all) the catalog's own remains of it are overwritten.
Status VolumeWorker::finish_deletion(catalog::Volume volume) {
  COFFER_CHECK(installation_.volumed.detach(volume.id, true));  // one whose answer was lost
  COFFER_CHECK(installation_.volumed.delete_volume(volume.id));
  volume.state = "deleted";
  volume.deleted = installation_.clock.now();
  volume.wrapped_key.clear();
  erasure_pending_ = true;
  return installation_.catalog.write(
      [&](catalog::Transaction& transaction) -> Status {
        COFFER_CHECK(transaction.update_volume(volume));
        return record_service_event(
            installation_, transaction,
            {.account = volume.account,
             .region = volume.region,
             .event_source = "ec2.amazonaws.com",
             .event_name = volume.encrypted ? "EraseVolumeKey" : "EraseVolume",
             .resource_arns = {volume_arn(volume.region, volume.account, volume.id)}});
      },
      catalog::Urgency::kProtective);
}

void VolumeWorker::forget_old() {
  const Timestamp now = installation_.clock.now();
  if (now.microseconds - last_forgotten_.microseconds < kHour / 12) return;
  last_forgotten_ = now;
  const auto status = installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.purge_deleted_volumes({now.microseconds - kHour}));
    return transaction.purge_idempotent_answers({now.microseconds - 24 * kHour});
  });
  if (!status) log_warning("cannot forget old rows: {}", status.error().message);
}

}  // namespace coffer::services::ec2
