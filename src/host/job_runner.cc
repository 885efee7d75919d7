// SPDX-License-Identifier: Apache-2.0
#include "host/job_runner.h"

#include <sys/resource.h>

#include <algorithm>

#include "base/log.h"
#include "secret/registers.h"

namespace coffer::host {
namespace {

using std::chrono::nanoseconds;

// A wait is looked at again after this long: the clock may be another than the system's.
constexpr nanoseconds kLongestWait = std::chrono::seconds(1);
constexpr nanoseconds kShortestYield = std::chrono::milliseconds(5);
constexpr nanoseconds kLongestYield = std::chrono::milliseconds(200);
constexpr int kNiceness = 10;

const char* name_of(volume::JobKind kind) {
  switch (kind) {
    case volume::JobKind::kCopy:
      return "copy";
    case volume::JobKind::kHydrate:
      return "hydrate";
    case volume::JobKind::kMerge:
      return "merge";
  }
  return "?";
}

}  // namespace

JobRunner::JobRunner(volume::VolumeStore& store, Clock& clock, std::function<bool()> guests_are_busy,
                     Options options)
    : store_(store), clock_(clock), guests_are_busy_(std::move(guests_are_busy)), options_(options) {
  for (size_t i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { work(); });
}

void JobRunner::look() {
  const Lock lock(mutex_);
  look_ = true;
  changed_.notify_all();
}

void JobRunner::set_rate(uint64_t bytes_per_second) {
  const Lock lock(mutex_);
  const Time now = clock_.steady_now();
  rate_ = bytes_per_second;
  for (auto& [id, work] : open_) {
    work->bucket.set_rate(rate_, now);
    if (reports_[id].failure.empty()) work->not_before = now + work->bucket.wait(work->ticket, now);
  }
  changed_.notify_all();
}

void JobRunner::add(const std::string& subject_id, std::unique_ptr<volume::Job> job,
                    std::set<std::string> key_layers, bool by_itself) {
  const Time now = clock_.steady_now();
  reports_[subject_id].failure.clear();
  open_[subject_id] = std::make_unique<Work>(Work{.subject_id = subject_id,
                                                  .key_layers = std::move(key_layers),
                                                  .by_itself = by_itself,
                                                  .job = std::move(job),
                                                  .bucket = volume::TokenBucket(rate_, now),
                                                  .not_before = now});
  changed_.notify_all();
}

Status JobRunner::run(const std::string& subject_id, const volume::LayerKeys& keys) {
  const auto goes_on = [&] {
    const auto open = open_.find(subject_id);
    if (open == open_.end() || open->second->cancelled) return false;
    if (!reports_[subject_id].failure.empty()) open->second->not_before = clock_.steady_now();
    changed_.notify_all();
    return true;
  };
  Lock lock(mutex_);
  // What has failed lets go of its layers before it is tried again.
  changed_.wait(lock, [&] {
    const auto open = open_.find(subject_id);
    return stopping_ || open == open_.end() || !open->second->cancelled;
  });
  if (stopping_) return fail(ErrorKind::kUnavailable, "volumed is stopping");
  if (goes_on()) return {};
  for (const Hold* hold : holds_)
    if (hold->subjects_.contains(subject_id))
      return fail(ErrorKind::kConflict, subject_id + " is being deleted");
  if (open_.size() >= kMostOpen)
    return fail(ErrorKind::kLimitExceeded, "too much background work is under way; try again later");
  lock.unlock();
  auto job = store_.open_job(subject_id, keys);
  lock.lock();
  if (!job) return goes_on() ? Status() : tl::unexpected(job.error());
  add(subject_id, std::move(*job), {}, false);
  return {};
}

std::vector<control::Job> JobRunner::jobs() {
  std::vector<control::Job> jobs;
  for (const volume::PendingJob& pending : store_.pending_jobs()) {
    control::Job job{.subject_id = pending.subject_id,
                     .kind = name_of(pending.kind),
                     .volume_id = pending.volume_id,
                     .state = store_.keys_at_hand(pending.subject_id) ? "running" : "waiting",
                     .total_bytes = pending.total_bytes,
                     .failure = {}};
    const Lock lock(mutex_);
    if (open_.contains(pending.subject_id)) job.state = "running";
    if (const auto report = reports_.find(pending.subject_id); report != reports_.end()) {
      job.done_bytes = std::min(report->second.done_bytes, pending.total_bytes);
      job.failure = report->second.failure;
      if (!job.failure.empty()) job.state = "failed";
    }
    jobs.push_back(std::move(job));
  }
  return jobs;
}

std::unique_ptr<JobRunner::Hold> JobRunner::hold(const std::set<std::string>& layers,
                                                 std::set<std::string> subjects) {
  const auto concerned = [&](const Work& work) {
    return subjects.contains(work.subject_id) ||
           (work.by_itself && std::ranges::any_of(work.key_layers, [&](const std::string& layer) {
              return layers.contains(layer);
            }));
  };
  auto held = std::make_unique<Hold>(*this, subjects);
  Lock lock(mutex_);
  holds_.insert(held.get());
  changed_.wait(lock, [this] { return !discovering_; });
  for (auto& [id, work] : open_)
    if (concerned(*work)) work->cancelled = true;
  changed_.notify_all();
  changed_.wait(lock, [&] {
    return std::ranges::none_of(open_, [&](const auto& each) { return concerned(*each.second); });
  });
  return held;
}

void JobRunner::end(Hold& hold) {
  const Lock lock(mutex_);
  holds_.erase(&hold);
  look_ = true;
  changed_.notify_all();
}

void JobRunner::stop() {
  {
    Lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  const Lock lock(mutex_);
  open_.clear();
  changed_.notify_all();
}

void JobRunner::work() {
  (void)::setpriority(PRIO_PROCESS, 0, kNiceness);  // of this thread; guests' threads come first
  Lock lock(mutex_);
  while (!stopping_) {
    const Time now = clock_.steady_now();
    if (look_ && !discovering_ && holds_.empty()) {
      discover(lock);
    } else if (Work* ready = next(now)) {
      step(lock, *ready);
    } else {
      secret::wipe_vector_registers();
      changed_.wait_for(lock, until_next(now));
    }
  }
}

JobRunner::Work* JobRunner::next(Time now) {
  Work* found = nullptr;
  for (auto& [id, work] : open_) {
    if (work->stepping || (!work->cancelled && work->not_before > now)) continue;
    if (found == nullptr || work->turn < found->turn) found = work.get();
  }
  return found;
}

// How long there is nothing to do. Failed work whose time has come is looked for.
nanoseconds JobRunner::until_next(Time now) {
  if (open_.empty() && reports_.empty()) return std::chrono::hours(1);
  nanoseconds wait = std::chrono::hours(1);
  for (const auto& [id, work] : open_)
    if (!work->stepping) wait = std::min(wait, std::max(work->not_before - now, nanoseconds(0)));
  for (const auto& [id, report] : reports_) {
    if (report.failure.empty() || open_.contains(id)) continue;
    if (report.retry_at <= now) look_ = true;
    wait = std::min(wait, std::max(report.retry_at - now, nanoseconds(0)));
  }
  return std::min(wait, kLongestWait);
}

void JobRunner::discover(Lock& lock) {
  look_ = false;
  discovering_ = true;
  lock.unlock();
  const auto pending = store_.pending_jobs();
  std::set<std::string> subjects;
  for (const auto& each : pending) subjects.insert(each.subject_id);
  lock.lock();
  for (auto& [id, work] : open_)
    if (!subjects.contains(id)) work->cancelled = true;
  std::erase_if(reports_, [&](const auto& each) {
    return !subjects.contains(each.first) && !open_.contains(each.first);
  });
  const Time now = clock_.steady_now();
  for (const auto& each : pending) {
    if (stopping_ || open_.size() >= kMostOpen) break;
    const auto report = reports_.find(each.subject_id);
    const bool pausing =
        report != reports_.end() && !report->second.failure.empty() && report->second.retry_at > now;
    if (pausing || open_.contains(each.subject_id)) continue;
    if (report != reports_.end()) report->second.retry_at = now + options_.retry_pause;
    lock.unlock();
    try_by_itself(each);
    lock.lock();
  }
  discovering_ = false;
  changed_.notify_all();
}

void JobRunner::try_by_itself(const volume::PendingJob& pending) {
  if (!store_.keys_at_hand(pending.subject_id)) return;
  const auto layers = store_.layers_of(pending.subject_id);
  auto job = layers ? store_.open_job(pending.subject_id, {}) : tl::unexpected(layers.error());
  const Lock lock(mutex_);
  if (!job) {
    // Another job holds its layers, or it is done, or the keys are gone: there will be a look at it again.
    const ErrorKind kind = job.error().kind;
    if (kind != ErrorKind::kConflict && kind != ErrorKind::kNotFound && kind != ErrorKind::kInvalidArgument)
      note_failure(pending.subject_id, job.error());
    return;
  }
  std::set<std::string> key_layers;
  for (const auto& layer : *layers) key_layers.insert(layer.layer_id);
  add(pending.subject_id, std::move(*job), std::move(key_layers), true);
}

void JobRunner::step(Lock& lock, Work& work) {
  if (work.cancelled) return close(lock, work);
  work.stepping = true;
  work.turn = ++turns_;
  const Time began = clock_.steady_now();
  lock.unlock();
  const auto progress = work.job->step();
  lock.lock();
  work.stepping = false;
  note(work, progress, began, clock_.steady_now());
  if (work.cancelled) close(lock, work);
}

// What a step came to. Closes the work by cancelling it.
void JobRunner::note(Work& work, const Result<volume::Job::Progress>& progress, Time began, Time now) {
  Report& report = reports_[work.subject_id];
  if (!progress) {
    note_failure(work.subject_id, progress.error());
    work.not_before = report.retry_at;
    if (progress.error().kind != ErrorKind::kNoSpace) work.cancelled = true;
    return;
  }
  // Holes count as done, but no step copies more than so much.
  const uint64_t advanced = progress->done_bytes - std::min(report.done_bytes, progress->done_bytes);
  report.done_bytes = progress->done_bytes;
  report.failure.clear();
  if (progress->done) {
    log_info("background work on {} is done", work.subject_id);
    work.cancelled = true;
    look_ = true;
    return;
  }
  work.ticket = work.bucket.take(std::min(advanced, volume::JobLimits().step_bytes), now);
  nanoseconds pause = work.bucket.wait(work.ticket, now);
  if (guests_are_busy_())
    pause = std::max(pause, std::clamp(nanoseconds(now - began), kShortestYield, kLongestYield));
  work.not_before = now + pause;
}

void JobRunner::note_failure(const std::string& subject_id, const Error& error) {
  Report& report = reports_[subject_id];
  if (report.failure != error.message)
    log_warning("background work on {} failed: {}", subject_id, error.message);
  report.failure = error.message.empty() ? "failed" : error.message;
  report.retry_at = clock_.steady_now() + options_.retry_pause;
}

// Destroyed without the mutex: the store waits for nobody who waits for us.
void JobRunner::close(Lock& lock, Work& work) {
  work.stepping = true;
  const std::string subject_id = work.subject_id;
  lock.unlock();
  work.job.reset();
  secret::wipe_vector_registers();
  lock.lock();
  open_.erase(subject_id);
  look_ = true;  // what waited for its layers
  changed_.notify_all();
}

}  // namespace coffer::host
