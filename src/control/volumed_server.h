// SPDX-License-Identifier: Apache-2.0
// volumed's side of the protocol between apid and volumed: the loop that serves a handler on one channel.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/packet_channel.h"
#include "control/volumed_handler.h"

namespace coffer::control {

// Serves one channel until it is closed. A few requests run at the same time, so that a slow one (a detach
// that flushes) holds up nobody's status.
class VolumedServer {
 public:
  // Serves when it returns. `handler` outlives the server.
  VolumedServer(FileDescriptor channel, VolumedHandler& handler);
  ~VolumedServer();  // closes the channel and waits for the requests under way
  VolumedServer(const VolumedServer&) = delete;
  VolumedServer& operator=(const VolumedServer&) = delete;

  // The channel is closed and nothing is under way: destruction does not wait.
  bool finished() const { return running_ == 0; }

 private:
  static constexpr size_t kWorkers = 8;
  static constexpr size_t kLongestQueue = 64;

  void receive();
  void work();
  void reply(uint64_t number, const Reply& reply);

  PacketChannel channel_;
  VolumedHandler& handler_;
  std::mutex sending_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<NumberedRequest> queue_;  // under mutex_
  bool closed_ = false;                // under mutex_
  std::atomic<size_t> running_ = 0;    // threads
  std::vector<std::thread> threads_;
};

}  // namespace coffer::control
