// SPDX-License-Identifier: Apache-2.0
// Carries volumes from `creating` to `available` (or, when it cannot be, to `deleted` with the cause kept)
// and from `deleting` to `deleted`. The state is in the catalog, so that a restart resumes it. One thread.
#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "catalog/rows.h"
#include "services/installation.h"

namespace coffer::services::ec2 {

class VolumeWorker {
 public:
  explicit VolumeWorker(Installation& installation) : installation_(installation) {}
  ~VolumeWorker() { stop(); }
  void start();
  void notify();  // there is something new to do
  void stop();

 private:
  void run();
  bool do_all();  // false when something must be tried again later
  Status finish_creation(catalog::Volume volume);
  Status finish_deletion(catalog::Volume volume);
  void forget_old();

  Installation& installation_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool pending_ = false, stopping_ = false;
  bool erasure_pending_ = true;  // an earlier process may have died before it
  Timestamp last_forgotten_;
  std::thread thread_;
};

}  // namespace coffer::services::ec2
