// SPDX-License-Identifier: Apache-2.0
#include "services/kms/continuous_backup.h"

#include <algorithm>

#include "base/fiber.h"
#include "base/log.h"

namespace coffer::services::kms {
namespace {

constexpr const char* kSetting = "continuous_backup";  // the target; empty: it was ended
// A receiver that stores, or takes a base, asks nothing meanwhile.
constexpr std::chrono::seconds kLongestSilence{3};

tl::unexpected<Error> not_shipped(const std::string& why) {
  log_warning("continuous backup: {}", why);
  return fail(ErrorKind::kUnavailable,
              "The key could not be written to the continuous backup. You can retry the request.");
}

}  // namespace

Status ContinuousBackup::restore() {
  return catalog_.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(stored, transaction.setting(kSetting));
    const std::lock_guard lock(mutex_);
    target_ = stored.value_or("");
    return {};
  });
}

void ContinuousBackup::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

bool ContinuousBackup::connected() const {
  return !receiver_id_.empty() &&
         (asking_ > 0 || std::chrono::steady_clock::now() - last_asked_ < kLongestSilence);
}

Result<ContinuousBackup::Shipment> ContinuousBackup::ship(const catalog::ShippedKeys& rows) {
  std::unique_lock lock(mutex_);
  if (!on() && !connected()) {
    ++uncommitted_;  // the first base waits for these too
    return Shipment(this);
  }
  const auto started = std::chrono::steady_clock::now();
  changed_.wait_until(lock, started + patience_.for_a_receiver, [&] { return stopping_ || connected(); });
  if (!connected() || stopping_) return not_shipped("no `coffer backup --continuous` runs for " + target_);
  // What it stored alone could not be restored, and the folder before it would lack it.
  if (on() && receivers_target_ != target_)
    return not_shipped("the continuous backup in " + receivers_target_ + " has no whole backup yet");
  const auto piece = std::make_shared<Piece>();
  piece->bytes = encode(rows);
  waiting_.push_back(piece);
  changed_.notify_all();
  changed_.wait_until(lock, started + patience_.for_storing, [&] {
    return stopping_ || piece->state == State::kStored || piece->state == State::kFailed;
  });
  if (piece->state == State::kStored) return Shipment(this);
  std::erase(waiting_, piece);
  return not_shipped(piece->state == State::kFailed ? piece->failure
                                                    : "nothing was stored in " + target_ + " in time");
}

void ContinuousBackup::ended() {
  const std::lock_guard lock(mutex_);
  --uncommitted_;
  changed_.notify_all();
}

Status ContinuousBackup::require_base(uint32_t version) {
  const std::lock_guard lock(mutex_);
  if (!on() || base_made_ >= version) return {};
  base_wanted_ = true;
  changed_.notify_all();
  return fail(ErrorKind::kUnavailable, "the continuous backup in " + target_ + " takes a whole backup first" +
                                           (connected() ? "" : ", and its command does not run"));
}

Status ContinuousBackup::check_receiver(const std::string& receiver_id) const {
  if (!receiver_id.empty() && receiver_id == receiver_id_) return {};
  if (!receiver_id.empty() && receiver_id == ended_receiver_id_)
    return fail(ErrorKind::kConflict, "the continuous backup was ended");
  if (receiver_id_.empty())
    return fail(ErrorKind::kConflict, "no continuous backup has begun", "ReceiverUnknown");
  return fail(ErrorKind::kConflict, "another `coffer backup --continuous` has begun");
}

// What was taken by an earlier receiver, or was neither stored nor refused, is for its caller to try again.
void ContinuousBackup::settle_taken(State state, const std::string& failure) {
  for (const auto& piece : taken_) {
    piece->state = state;
    piece->failure = failure;
    // Who ships may have given up meanwhile: then nobody else holds the piece.
    if (state == State::kStored && piece.use_count() > 1) ++uncommitted_;
  }
  taken_.clear();
  changed_.notify_all();
}

void ContinuousBackup::fail_waiting(const std::string& failure) {
  for (const auto& piece : waiting_) {
    piece->state = State::kFailed;
    piece->failure = failure;
  }
  waiting_.clear();
  changed_.notify_all();
}

void ContinuousBackup::begin(const std::string& target, const std::string& receiver_id) {
  const std::lock_guard lock(mutex_);
  settle_taken(State::kFailed, "its command was started anew");
  if (on() && target != target_) fail_waiting("another folder is to have it from now on");
  receiver_id_ = receiver_id;
  receivers_target_ = target;
  last_asked_ = std::chrono::steady_clock::now();
  changed_.notify_all();
}

Result<ContinuousBackup::Next> ContinuousBackup::next(const std::string& receiver_id, const Outcome& outcome,
                                                      size_t most, std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  COFFER_CHECK(check_receiver(receiver_id));
  if (!taken_.empty()) failure_ = outcome.failure;
  settle_taken(outcome.stored ? State::kStored : State::kFailed, outcome.failure);
  ++asking_;
  changed_.notify_all();
  if (most > 0)
    changed_.wait_for(lock, time, [&] {
      return stopping_ || !waiting_.empty() || base_wanted_ || receiver_id != receiver_id_;
    });
  --asking_;
  last_asked_ = std::chrono::steady_clock::now();
  COFFER_CHECK(check_receiver(receiver_id));
  Next next;
  next.base_wanted = base_wanted_;
  for (size_t bytes = 0; most > 0 && !waiting_.empty(); waiting_.pop_front()) {
    bytes += waiting_.front()->bytes.size();
    if (!next.shipments.empty() && bytes > most) break;
    waiting_.front()->state = State::kTaken;
    next.shipments.push_back(waiting_.front()->bytes);
    taken_.push_back(waiting_.front());
  }
  return next;
}

Status ContinuousBackup::take_base(const std::string& receiver_id, uint32_t retired_below,
                                   const std::function<Status()>& copy) {
  std::unique_lock lock(mutex_);
  COFFER_CHECK(check_receiver(receiver_id));
  if (!taken_.empty()) return fail(ErrorKind::kConflict, "say first what became of the last shipments");
  ++asking_;
  // None can be added: what is stored is told by the one who waits here.
  const bool committed =
      changed_.wait_for(lock, patience_.for_commits, [&] { return stopping_ || uncommitted_ == 0; });
  Status status = committed && !stopping_
                      ? Status()
                      : fail(ErrorKind::kUnavailable, "calls that make keys go on for too long");
  if (status) {
    base_wanted_ = false;
    base_under_way_ = retired_below;
    lock.unlock();
    status = copy();
    lock.lock();
  }
  --asking_;
  last_asked_ = std::chrono::steady_clock::now();
  return status;
}

void ContinuousBackup::leave(const std::string& receiver_id) {
  const std::lock_guard lock(mutex_);
  if (!check_receiver(receiver_id)) return;
  settle_taken(State::kFailed, "its command has ended");
  receiver_id_.clear();
  changed_.notify_all();
}

Status ContinuousBackup::base_stored(const std::string& receiver_id,
                                     const std::function<Status(catalog::Transaction&)>& record) {
  std::string target;
  {
    const std::lock_guard lock(mutex_);
    COFFER_CHECK(check_receiver(receiver_id));
    last_asked_ = std::chrono::steady_clock::now();
    base_made_ = std::max(base_made_, base_under_way_);
    if (target_ == receivers_target_) return {};
    target = receivers_target_;
  }
  COFFER_CHECK(catalog_.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.set_setting(kSetting, target));
    return record(transaction);
  }));
  const std::lock_guard lock(mutex_);
  target_ = target;
  return {};
}

Status ContinuousBackup::end(const std::function<Status(catalog::Transaction&)>& record) {
  COFFER_CHECK(catalog_.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.set_setting(kSetting, ""));
    return record(transaction);
  }));
  const std::lock_guard lock(mutex_);
  target_.clear();
  ended_receiver_id_ = std::exchange(receiver_id_, {});
  base_wanted_ = false;
  fail_waiting("it was ended");
  settle_taken(State::kFailed, "it was ended");
  return {};
}

ContinuousBackup::Report ContinuousBackup::report() {
  const std::lock_guard lock(mutex_);
  return {on(), connected(), target_, failure_};
}

Result<ContinuousBackup::Shipment> ship(Installation& installation, const catalog::ShippedKeys& rows) {
  if (installation.continuous_backup == nullptr) return ContinuousBackup::Shipment();
  Result<ContinuousBackup::Shipment> shipment = ContinuousBackup::Shipment();
  COFFER_CHECK(run_blocking([&] { shipment = installation.continuous_backup->ship(rows); }));
  return shipment;
}

}  // namespace coffer::services::kms
