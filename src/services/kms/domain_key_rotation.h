// SPDX-License-Identifier: Apache-2.0
// A new version of keyd's domain key, everything that keyd has wrapped re-wrapped under it, the old version
// destroyed: by which old copies of the catalog open nothing that was deleted since. Everything goes on
// meanwhile. What has been reached is in the catalog's setting `domain_key_rotation`, so a restart goes on
// there:
//
//   rewrapping: keyd has the new version, or is about to get it; new things are wrapped under it. After a
//               first pass the catalog takes nothing older any more (Transaction::raise_oldest_domain_key).
//   retiring:   nothing is under the old version any more; keyd is told to destroy it.
//   completed
//
// What holds a token that keyd made under the old version either stores it before the catalog refuses it, and
// then a later pass finds it, or is refused, however long it hung: the transaction that sets `retiring` looks
// at everything once more. The time that is waited is for the sake of calls alone, so that none fails that
// began before and takes no longer.
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
  // version that is new now. `record` is written in the same transaction. kUnavailable when keyd has not the
  // version that the last one made: one has ended at this moment, or keyd's domain keys are an older copy.
  Result<RotationStatus> begin(const std::function<Status(catalog::Transaction&)>& record);
  Result<RotationStatus> status();

 private:
  void work();
  bool wait_for(std::chrono::milliseconds time);  // false: stopping
  Status advance(RotationStatus& rotation);
  Status rewrap_everything(RotationStatus& rotation);
  Result<size_t> rewrap_once();  // how much was under an old version
  Status refuse_older(uint32_t version);
  Result<bool> begin_retiring(uint32_t version);  // false: something is under an older one still
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
