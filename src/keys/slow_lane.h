// SPDX-License-Identifier: Apache-2.0
// The primes of an RSA key take from a tenth of a second to some seconds. Requests that look for them are
// answered here, by threads of their own, so that a channel's other requests do not wait; replies are matched
// by number, so their order does not matter (docs/format/keyd-protocol.md).
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "secret/secret_bytes.h"

namespace coffer::keys {

// Does the request make an RSA key? Pure.
bool is_slow(ByteView packet);

// Used by one thread. The destructor drops what waits and lets what runs end.
class SlowLane {
 public:
  using Work = std::function<void(const secret::SecretBytes& packet)>;  // runs in a thread of the lane's
  explicit SlowLane(Work work) : work_(std::move(work)) {}
  ~SlowLane();
  // False when too many wait already. Threads start with the first request.
  bool add(secret::SecretBytes packet);

 private:
  void run();

  const Work work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<secret::SecretBytes> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace coffer::keys
