// SPDX-License-Identifier: Apache-2.0
// Runs the store's background work (copies, hydrations, re-keyings, merges) on threads of low priority, one
// step after the other, in turn. Work whose keys are at hand, because its volume is attached, runs by itself,
// and stops within a step when they are not to be any more (hold); other work waits for run().
//
// What fails is kept to be read. Work that runs by itself is tried again after a pause; what a full disk
// stops stays open, keys and all, and goes on after a pause or by run().
//
// Thread-safe.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "control/volumed_types.h"
#include "volume/throttled_device.h"
#include "volume/volume_store.h"

namespace coffer::host {

class JobRunner {
 public:
  struct Options {
    size_t threads = 1;
    std::chrono::nanoseconds retry_pause = std::chrono::seconds(30);
  };
  static constexpr size_t kMostOpen = 64;  // jobs; beyond it run() is kLimitExceeded

  // `guests_are_busy` says whether there was I/O since it was asked last. `store` and `clock` outlive it.
  JobRunner(volume::VolumeStore& store, Clock& clock, std::function<bool()> guests_are_busy, Options options);
  ~JobRunner() { stop(); }

  // Something changed in the store or in what is attached: look for what can run by itself, and let go of
  // what there is no need for.
  void look();
  // kNotFound when there is nothing to do for `subject_id`; kConflict while another job works on its layers;
  // kInvalidArgument when a key is missing. What runs already goes on, at once if it was in a pause.
  Status run(const std::string& subject_id, const volume::LayerKeys& keys);
  std::vector<control::Job> jobs();
  void set_rate(uint64_t bytes_per_second);  // of each job; 0: no limit

  // While it lives nothing begins by itself, nor by run() on the subjects.
  class Hold {
   public:
    explicit Hold(JobRunner& runner, std::set<std::string> subjects)
        : runner_(&runner), subjects_(std::move(subjects)) {}
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { runner_->end(*this); }

   private:
    friend class JobRunner;
    JobRunner* runner_;
    std::set<std::string> subjects_;
  };
  // Ends what runs by itself on the keys of these layers, and whatever runs on these subjects: their keys are
  // out of the jobs' hands when it returns. What was done is kept.
  [[nodiscard]] std::unique_ptr<Hold> hold(const std::set<std::string>& layers,
                                           std::set<std::string> subjects = {});

  // Ends everything; nothing runs any more. Idempotent.
  void stop();

 private:
  using Time = std::chrono::steady_clock::time_point;
  using Lock = std::unique_lock<std::mutex>;

  // A job that is open. All but `job` under mutex_; `job` is used by whoever set `stepping`.
  struct Work {
    std::string subject_id;
    std::set<std::string> key_layers;
    bool by_itself = false;
    std::unique_ptr<volume::Job> job;
    volume::TokenBucket bucket;
    double ticket = 0;
    Time not_before = {};
    uint64_t turn = 0;  // of its last step
    bool stepping = false, cancelled = false;
  };
  // What is known of a subject while there is something to do for it.
  struct Report {
    uint64_t done_bytes = 0;
    std::string failure;
    Time retry_at = {};
  };

  void work();
  void discover(Lock& lock);
  void try_by_itself(const volume::PendingJob& pending);
  void add(const std::string& subject_id, std::unique_ptr<volume::Job> job, std::set<std::string> key_layers,
           bool by_itself);
  Work* next(Time now);
  std::chrono::nanoseconds until_next(Time now);
  void step(Lock& lock, Work& work);
  void note(Work& work, const Result<volume::Job::Progress>& progress, Time began, Time now);
  void note_failure(const std::string& subject_id, const Error& error);
  void close(Lock& lock, Work& work);
  void end(Hold& hold);

  volume::VolumeStore& store_;
  Clock& clock_;
  const std::function<bool()> guests_are_busy_;
  const Options options_;
  std::mutex mutex_;  // what follows
  std::condition_variable changed_;
  std::map<std::string, std::unique_ptr<Work>> open_;
  std::map<std::string, Report> reports_;
  std::set<const Hold*> holds_;
  uint64_t rate_ = 0, turns_ = 0;
  bool look_ = true, discovering_ = false, stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace coffer::host
