// SPDX-License-Identifier: Apache-2.0
// One process of coffer-sealer that has a PKCS#11 token open for one key store. It may be slow, and it may
// end at any time; nobody here waits for it longer than he says.
#pragma once
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "base/packet_channel.h"
#include "base/result.h"
#include "format/sealer_protocol.h"
#include "secret/secret_bytes.h"

namespace coffer::keys {

// Thread-safe; one request at a time. Destruction ends the process.
class HsmProcess {
 public:
  using Milliseconds = std::chrono::milliseconds;
  explicit HsmProcess(FileDescriptor channel) : channel_(std::move(channel)) {}

  // The reply's body; `patience` includes the wait for others' requests. Once the process has ended, or was
  // too slow, every call is kUnavailable: another process is needed.
  Result<secret::SecretBytes> call(const format::sealer::RequestView& request, Milliseconds patience);
  bool alive() const { return alive_; }

 private:
  tl::unexpected<Error> lost(std::string why);

  std::timed_mutex mutex_;
  PacketChannel channel_;
  std::atomic<bool> alive_ = true;
};

}  // namespace coffer::keys
