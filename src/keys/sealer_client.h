// SPDX-License-Identifier: Apache-2.0
// keyd's end of the channel to coffer-sealer, which speaks to TPMs and tokens in keyd's stead. Opened before
// keyd confines itself: afterwards it could neither start a program nor reach a device.
#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "base/packet_channel.h"
#include "base/result.h"
#include "format/sealer_protocol.h"
#include "secret/secret_bytes.h"

namespace coffer::keys {

// The body of a reply packet, or the error in it.
Result<secret::SecretBytes> parse_sealer_reply(ByteView packet);

// Thread-safe; one request at a time.
class SealerClient {
 public:
  // Starts the program. Its environment is this process's.
  static Result<std::unique_ptr<SealerClient>> start(const std::string& program);
  // A channel to one that runs already.
  explicit SealerClient(FileDescriptor channel) : channel_(std::move(channel)) {}

  // The reply's body. kUnavailable when the sealer is gone: it comes back with keyd's next start.
  Result<secret::SecretBytes> call(const format::sealer::RequestView& request);

 private:
  std::mutex mutex_;
  PacketChannel channel_;
};

}  // namespace coffer::keys
