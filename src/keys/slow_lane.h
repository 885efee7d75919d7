// SPDX-License-Identifier: Apache-2.0
// The primes of an RSA key take from a tenth of a second to some seconds, a PKCS#11 token as long as it
// likes, and a change of the sealed domain keys as long as its disk, its TPM or its token. Requests that need
// one of them are answered here, by threads of their own, so that a channel's other requests do not wait;
// replies are matched by number, so their order does not matter (docs/format/keyd-protocol.md).
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

enum class Speed { kFast, kMakesRsaKey, kWaitsForToken, kChangesSealedKeys };
// Of a request. Pure.
Speed speed_of(ByteView packet);

// Processors are what the making of keys waits for; tokens, that somebody else answers.
struct Width {
  size_t threads = 1, most_waiting = 64;
};
inline constexpr Width kWidthForRsa{2, 64};  // a client waits a minute for its key, and no longer
inline constexpr Width kWidthForTokens{16, 256};
inline constexpr Width kWidthForSealedKeys{1, 64};  // they are changed one after the other anyway

// Thread-safe. The destructor drops what waits and lets what runs end.
class SlowLane {
 public:
  using Work = std::function<void(const secret::SecretBytes& packet)>;  // runs in a thread of the lane's
  SlowLane(Width width, Work work) : width_(width), work_(std::move(work)) {}
  ~SlowLane();
  // False when too many wait already. Threads start with the first request.
  bool add(secret::SecretBytes packet);

 private:
  void run();

  const Width width_;
  const Work work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<secret::SecretBytes> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace coffer::keys
