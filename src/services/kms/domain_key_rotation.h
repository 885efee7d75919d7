// SPDX-License-Identifier: Apache-2.0
// A new version of keyd's domain key, everything that keyd has wrapped re-wrapped under it, the old version
// destroyed: by which old copies of the catalog open nothing that was deleted since. Everything goes on
// meanwhile. What has been reached is in the catalog's setting `domain_key_rotation`, so a restart goes on
// there:
//
//   rewrapping: keyd has the new version, or is about to get it; new things are wrapped under it.
//   retiring:   nothing is under the old version any more; keyd is told to destroy it.
//   completed
//
// Re-wrapping is safe to repeat: what is under the newest version already stays as it is.
#pragma once
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "services/installation.h"

namespace coffer::services::kms {

struct RotationStatus {
  std::string state = "none";  // none, rewrapping, retiring, completed
  uint32_t version = 0;        // the new one
  bool again = false;          // another one follows
  Timestamp started;
  std::optional<Timestamp> ended;
  // Of the pass under way.
  size_t done = 0, total = 0;
  std::string message;  // what holds it up
};

// Thread-safe. One worker thread.
class DomainKeyRotation {
 public:
  explicit DomainKeyRotation(Installation& installation);
  ~DomainKeyRotation();

  // Takes up what a restart cut off.
  void resume();
  void stop();

  // Begins one. While one is under way another follows it: what was deleted meanwhile may be under the
  // version that is new now. `record` is written in the same transaction.
  Result<RotationStatus> begin(const std::function<Status(catalog::Transaction&)>& record);
  Result<RotationStatus> status();

 private:
  void work();
  bool wait_for(std::chrono::milliseconds time);  // false: stopping
  Status advance(RotationStatus& rotation);
  Status rewrap_everything(RotationStatus& rotation);
  Status complete(RotationStatus rotation);
  void note(const std::string& message);

  Installation& installation_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false, wanted_ = false;
  size_t done_ = 0, total_ = 0;
  std::string message_;
  std::thread worker_;
};

}  // namespace coffer::services::kms
