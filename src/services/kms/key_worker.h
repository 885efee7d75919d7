// SPDX-License-Identifier: Apache-2.0
// What happens to KMS keys by itself: replicas become usable, rotations that are due or were asked for are
// done, keys whose date has come are destroyed, and what is known of their use is written. All of it is in
// the catalog, as dates and states that are compared with the clock, so that a restart resumes it, and so
// that it is right after the machine has slept for months. One thread.
#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "catalog/rows.h"
#include "services/installation.h"

namespace coffer::services::kms {

class KeyWorker {
 public:
  explicit KeyWorker(Installation& installation) : installation_(installation) {}
  ~KeyWorker() { stop(); }
  void start();
  void notify();  // there may be something to do
  void stop();
  // Until everything is done that was due when it was called; kUnavailable when it takes longer.
  Status settle(std::chrono::seconds patience);
  // One pass, in the calling thread: for tests that start no thread. False when something must be tried
  // again.
  bool do_all();

 private:
  void run();
  bool do_each(const char* what, Result<std::vector<catalog::Key>> keys,
               Status (KeyWorker::*step)(const catalog::Key&));
  Status finish_creation(const catalog::Key& replica);
  Status rotate(const catalog::Key& key);
  Status destroy_if_due(const catalog::Key& key);
  void clear_tokens();
  bool expire_materials();
  bool finish_destructions();
  Status wipe_everywhere();
  Status complete_destructions();

  Installation& installation_;
  std::mutex mutex_;
  std::condition_variable wake_, settled_;
  bool pending_ = false, stopping_ = false;
  uint64_t asked_ = 0, answered_ = 0;  // of settle()
  // An earlier process may have died before keyd forgot a key, before its tokens were overwritten, or before
  // the domain key was rotated.
  bool destructions_unfinished_ = true;
  std::vector<format::KeyBinding> expired_;  // for keyd to forget
  std::set<std::string> uncleared_;          // key stores, with deleted keys in their tokens; it was logged
  std::thread thread_;
};

}  // namespace coffer::services::kms
