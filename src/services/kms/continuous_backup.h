// SPDX-License-Identifier: Apache-2.0
// `coffer backup --continuous`: the rows of new keys and of new material reach the backup's folder before the
// catalog and before the call's answer, so that no key exists that the backup lacks. A receiver, which is the
// command, asks for them over the admin socket and says when they are on its disk. Uses of keys do not pass
// here.
//
// A *shipment* is what one call, or one rotation of a key, ships. It lives until its rows are in the catalog,
// or will never be: a new base (a whole backup) is taken when none waits for that, so that each shipment
// which the receiver has stored is either in the base or comes after it.
//
// While it is on and no receiver asks, shipping fails with kUnavailable (DependencyTimeoutException): clients
// try again. A shipment that was stored and whose call failed all the same leaves rows in the backup that
// nobody was told of.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "catalog/shipped_keys.h"
#include "services/installation.h"

namespace coffer::services::kms {

class ContinuousBackup {
 public:
  struct Patience {
    std::chrono::milliseconds for_a_receiver{2000};  // one that starts again takes a moment
    std::chrono::milliseconds for_storing{10000};
    std::chrono::milliseconds for_commits{20000};
  };
  explicit ContinuousBackup(catalog::Catalog& catalog) : ContinuousBackup(catalog, Patience()) {}
  ContinuousBackup(catalog::Catalog& catalog, Patience patience) : catalog_(catalog), patience_(patience) {}

  // Whether it is on, as the catalog says. At the start, once.
  Status restore();
  void stop();  // nobody waits any more

  // Alive while its rows are neither in the catalog nor given up.
  class Shipment {
   public:
    Shipment() = default;
    explicit Shipment(ContinuousBackup* owner) : owner_(owner) {}
    Shipment(Shipment&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Shipment& operator=(Shipment&& other) noexcept {
      std::swap(owner_, other.owner_);
      return *this;
    }
    ~Shipment() {
      if (owner_ != nullptr) owner_->ended();
    }

   private:
    ContinuousBackup* owner_ = nullptr;
  };
  // Returns when the receiver has stored it; at once while it is off and nobody begins it.
  Result<Shipment> ship(const catalog::ShippedKeys& rows);
  // kUnavailable until a base was taken since nothing is under a domain key below `version` any more; asks
  // for one. Good at once while it is off.
  Status require_base(uint32_t version);

  // The receiver's side. There is one: each that begins ends the one before, whose calls are kConflict; with
  // the code ReceiverUnknown where none has begun since apid did.
  void begin(const std::string& target, const std::string& receiver_id);
  struct Outcome {  // of what the last next() gave
    bool stored = false;
    std::string failure;  // else
  };
  struct Next {
    std::vector<Bytes> shipments;  // encoded
    bool base_wanted = false;
  };
  // At most `most` bytes of shipments, or one; waits for `time` where there is nothing to do. With most == 0
  // none are given.
  Result<Next> next(const std::string& receiver_id, const Outcome& outcome, size_t most,
                    std::chrono::milliseconds time);
  void leave(const std::string& receiver_id);  // who ships is told at once that there is none
  // Runs `copy`, the base's copy of the catalog, once no shipment that was stored waits for its commit.
  // `retired_below`: nothing is under a domain key below it.
  Status take_base(const std::string& receiver_id, uint32_t retired_below,
                   const std::function<Status()>& copy);
  // The base is on the receiver's disk: from now on it is on.
  Status base_stored(const std::string& receiver_id,
                     const std::function<Status(catalog::Transaction&)>& record);
  // Ends it.
  Status end(const std::function<Status(catalog::Transaction&)>& record);

  struct Report {
    bool on = false, connected = false;
    std::string target;
    std::string failure;  // of the receiver's last attempt to store
  };
  Report report();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  enum class State { kWaiting, kTaken, kStored, kFailed };
  struct Piece {
    Bytes bytes;
    State state = State::kWaiting;
    std::string failure;
  };

  bool connected() const;
  bool on() const { return !target_.empty(); }
  Status check_receiver(const std::string& receiver_id) const;
  void settle_taken(State state, const std::string& failure);
  void fail_waiting(const std::string& failure);
  void ended();

  catalog::Catalog& catalog_;
  const Patience patience_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::string target_;             // a folder, as the receiver named it; empty: off
  std::string ended_receiver_id_;  // by end(): it may not begin again by itself
  std::string receiver_id_, receivers_target_, failure_;
  size_t asking_ = 0;  // calls of the receiver under way
  SteadyTime last_asked_{};
  std::deque<std::shared_ptr<Piece>> waiting_;
  std::vector<std::shared_ptr<Piece>> taken_;
  size_t uncommitted_ = 0;  // shipments that live: stored ones, and those from before it was on
  bool base_wanted_ = false;
  uint32_t base_under_way_ = 0, base_made_ = 0;  // below these versions nothing was in use
};

// Ships the rows of a call where the installation has a continuous backup.
Result<ContinuousBackup::Shipment> ship(Installation& installation, const catalog::ShippedKeys& rows);

}  // namespace coffer::services::kms
