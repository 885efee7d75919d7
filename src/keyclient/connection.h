// SPDX-License-Identifier: Apache-2.0
// One connected channel to keyd: sends requests, and completes each waiting call by the number in the reply.
#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "base/packet_channel.h"
#include "base/result.h"
#include "format/keyd_protocol.h"
#include "secret/secret_bytes.h"

namespace coffer::keyclient {

// Thread-safe. A thread of its own reads replies; close() (or destruction) ends it.
class Connection {
 public:
  explicit Connection(FileDescriptor socket);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  enum class Sent { kNo, kYes };
  struct Outcome {
    Sent sent = Sent::kNo;  // kNo: keyd never saw it, so that it may be sent over another channel
    Result<secret::SecretBytes> body;
  };
  // `packet` begins with a request of number `id`, unique on this connection.
  Outcome call(uint64_t id, ByteView packet, std::chrono::steady_clock::time_point deadline);
  bool alive() const;
  void close();  // waiting calls end with kUnavailable

 private:
  struct Waiting {
    bool done = false;
    Result<secret::SecretBytes> body;
  };
  void read_replies();
  void complete(const format::keyd::Reply& reply);
  void end();

  PacketChannel channel_;
  std::mutex sending_;
  mutable std::mutex mutex_;
  std::condition_variable completed_;
  std::unordered_map<uint64_t, Waiting*> waiting_;
  bool alive_ = true;
  std::once_flag joined_;
  std::thread reader_;
};

}  // namespace coffer::keyclient
