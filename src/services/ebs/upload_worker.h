// SPDX-License-Identifier: Apache-2.0
// Gives up snapshots that nobody writes any more (StartSnapshot's Timeout), and forgets the blocks of those
// that are completed or gone. All state is in the catalog, so that a restart goes on with it. One thread.
#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "catalog/rows.h"
#include "services/ebs/upload_locks.h"
#include "services/installation.h"

namespace coffer::services::ebs {

class UploadWorker {
 public:
  UploadWorker(Installation& installation, UploadLocks& locks) : installation_(installation), locks_(locks) {}
  ~UploadWorker() { stop(); }
  void start();
  void notify();  // something was completed
  void stop();

  // All that is due now; what start()'s thread does again and again.
  Status run_once();

 private:
  void run();
  Status visit(const catalog::SnapshotUpload& upload);
  Status give_up(const catalog::SnapshotUpload& upload);
  Status forget(const std::string& snapshot_id);

  Installation& installation_;
  UploadLocks& locks_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool pending_ = true, stopping_ = false;
  std::thread thread_;
};

}  // namespace coffer::services::ebs
