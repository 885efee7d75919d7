// SPDX-License-Identifier: Apache-2.0
// One end of a connected AF_UNIX SOCK_SEQPACKET pair: whole messages, optionally with descriptors.
// It is how the processes of Coffer talk to each other (ARCHITECTURE section 1).
#pragma once
#include <vector>

#include "base/bytes.h"
#include "base/file_descriptor.h"
#include "base/result.h"

namespace coffer {

struct Packet {
  Bytes bytes;
  std::vector<FileDescriptor> descriptors;
};

// send and receive may be called at the same time from two threads. Of several receivers each packet reaches
// one; several senders must be kept apart by the caller, for the order of what they send. shutdown() may be
// called from anywhere and wakes both.
class PacketChannel {
 public:
  static constexpr size_t kLargestPacket = 128 * 1024;
  static constexpr size_t kMostDescriptors = 8;

  explicit PacketChannel(FileDescriptor socket) : socket_(std::move(socket)) {}

  Status send(ByteView bytes, std::span<const int> descriptors = {});
  // As many as there is room for now, in few system calls; how many. Does not wait. An error: none was sent;
  // what stops it after some is told by the next call.
  Result<size_t> send_some(std::span<const ByteView> packets);
  // kUnavailable when the peer is gone.
  Result<Packet> receive();
  // As receive(), into the caller's memory (for packets that hold secrets); the size of the packet.
  // Descriptors that come with it are closed. kInvalidArgument when the packet is larger than `buffer`.
  Result<size_t> receive_into(MutableByteView buffer);
  void shutdown();
  int descriptor() const { return socket_.get(); }

 private:
  FileDescriptor socket_;
};

struct ChannelPair {
  FileDescriptor first, second;
};
Result<ChannelPair> make_channel_pair();

}  // namespace coffer
