// SPDX-License-Identifier: Apache-2.0
// volumed's side of the protocol between apid and volumed: an abstract handler, and the loop that serves it
// on one channel.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/packet_channel.h"
#include "control/messages.h"

namespace coffer::control {

// What volumed does for apid; see VolumedClient for what each call promises. Called from several threads.
class VolumedHandler {
 public:
  virtual ~VolumedHandler() = default;
  virtual VolumedStatus status() = 0;  // attached volumes in any order
  virtual Status create_volume(const NewVolume& volume) = 0;
  virtual Status delete_volume(const std::string& volume_id) = 0;
  virtual Result<std::vector<std::string>> list_volumes() = 0;  // in any order
  virtual Result<PreparedAttachment> prepare_attachment(const std::string& volume_id,
                                                        const std::string& attachment_id) = 0;
  virtual Result<AttachedVolume> attach(const std::string& volume_id, const std::string& attachment_id,
                                        ByteView box) = 0;
  virtual Status detach(const std::string& volume_id, bool force) = 0;
};

// One request after the other to the handler, as a pure exchange.
Reply answer(VolumedHandler& handler, const Request& request);

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
  static constexpr size_t kWorkers = 4;
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
