// SPDX-License-Identifier: Apache-2.0
// keyd's channels: one or more threads each. A new channel to the same process replaces the earlier one.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "base/file_descriptor.h"
#include "base/packet_channel.h"
#include "base/result.h"
#include "keys/dispatch.h"
#include "keys/operations.h"

namespace coffer::keys {

// Used by one thread, which hands in channels; `operations` must outlive it.
class Server {
 public:
  explicit Server(Operations& operations) : operations_(operations) {}
  ~Server();
  // kInvalidArgument for a process that has no business with keyd.
  Status serve(const std::string& process, const std::string& host_id, FileDescriptor channel);

 private:
  struct Connection {
    PacketChannel channel;
    std::thread thread;
  };
  static void stop(Connection& connection);

  Operations& operations_;
  std::map<std::string, std::unique_ptr<Connection>> connections_;  // by process and host
};

// Answers requests until the channel is closed, so many at a time; replies leave as they are ready. What
// Server runs for each channel.
void serve_channel(Operations& operations, const ChannelRole& role, PacketChannel& channel,
                   size_t threads = 1);

}  // namespace coffer::keys
