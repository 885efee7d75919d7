// SPDX-License-Identifier: Apache-2.0
// What goes on after the calls about snapshots are answered. Carries snapshots from `pending` to `completed`
// or `error` and from `deleting` to gone; drives volumed's background work (copies, and the lifts of clones,
// re-keyings and merges), for which it gets keys in the name of whoever asked; completes modifications and
// re-keyings of volumes. All state is in the catalog and in volumed, so that a restart resumes it. One
// thread.
#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "catalog/rows.h"
#include "services/ec2/background_jobs.h"
#include "services/ec2/volume_changes.h"
#include "services/ec2/volume_locks.h"
#include "services/installation.h"

namespace coffer::services::ec2 {

class SnapshotWorker {
 public:
  // What the next pass waits for: news alone, volumed's lifts, what somebody waits for, another try.
  enum class Pass { kIdle, kLifting, kWatching, kTryAgain };

  SnapshotWorker(Installation& installation, VolumeLocks& locks)
      : installation_(installation), jobs_(installation), changes_(installation, locks) {}
  ~SnapshotWorker() { stop(); }
  // Before the first call is served: snapshots that are `creating` were cut off before their answer.
  void start();
  void notify();  // there is something new to do, or volumed is new
  void stop();

 private:
  void run();
  Pass do_all();

  Status abandon_cut_off();
  // Deletes unfinished snapshots that volumed has and the catalog does not know: a call that was given up may
  // be done afterwards, and its wrapped keys must not stay. Complete ones are no leftovers of calls; the
  // catalog is an older copy, and they are kept.
  Status reconcile();
  Status delete_one(const catalog::Snapshot& snapshot);
  Status make_copy(catalog::Snapshot& copy);
  // How `pending` snapshots get on. True when one is left that must be watched.
  Result<bool> advance_pending(const JobsBySubject& jobs);
  Status advance(catalog::Snapshot snapshot, const JobsBySubject& jobs, bool& watch);
  Status complete(catalog::Snapshot& snapshot, bool& watch);
  Status take_size(catalog::Snapshot& snapshot);
  Status give_up(catalog::Snapshot& snapshot, std::string message);
  Status store(const catalog::Snapshot& snapshot);

  Installation& installation_;
  BackgroundJobs jobs_;
  VolumeChanges changes_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool pending_ = false, stopping_ = false;
  std::chrono::steady_clock::time_point next_reconciliation_;
  bool erasure_pending_ = true;
  std::set<std::string> made_copies_;   // that volumed is known to have
  std::set<std::string> kept_unknown_;  // that the log has named already
  std::thread thread_;
};

}  // namespace coffer::services::ec2
