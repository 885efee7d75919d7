// SPDX-License-Identifier: Apache-2.0
// A daemon's end of its channel to the supervisor (src/daemon/README.md): what `coffer up` hands over, and
// what the daemon reports. One thread reads; reports may come from any thread.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "base/packet_channel.h"
#include "base/result.h"

namespace coffer {

struct SupervisorMessage {
  enum class Kind { kPeer, kListen, kUnseal, kStarted, kStop };
  Kind kind = Kind::kStop;
  std::string name;     // kPeer: the process ("keyd", "apid", "volumed"); kListen: "http", "admin", "nbd"
  std::string host_id;  // kPeer: the instance id of this host
  FileDescriptor descriptor;  // kPeer: a connected channel; kListen: a listening socket
  Bytes payload;              // kUnseal: seal material. A secret: whoever takes it wipes it
};

class SupervisorChannel {
 public:
  static constexpr int kInheritedDescriptor = 3;

  // Takes over descriptor 3; kInvalidArgument when it is no SEQPACKET socket (the daemon was started by
  // hand).
  static Result<SupervisorChannel> inherited();
  explicit SupervisorChannel(FileDescriptor socket);

  // Waits for the next message. A closed channel reads as kStop. kInvalidArgument for a message that the
  // protocol does not know; the channel stays usable.
  Result<SupervisorMessage> next();

  Status report_ready();
  // What kUnseal shall bring at the next start, beside what it brings already. A secret.
  Status report_remember(ByteView seal_material);
  // This is what opens the seal (empty: nothing need be handed over): all else is forgotten. A secret.
  // keyd wants a process of coffer-sealer for a key store; a channel to it comes as `peer sealer NUMBER`.
  Status report_start_sealer(const std::string& number);
  Status report_in_force(ByteView seal_material);
  // The daemon exits after this and is not restarted. Never put a secret into `text`.
  Status report_failed(std::string_view text);

 private:
  Status report(std::string_view text);
  Status report_secret(std::string_view verb, ByteView secret);

  std::unique_ptr<PacketChannel> channel_;
  std::unique_ptr<std::mutex> sending_;
};

}  // namespace coffer
