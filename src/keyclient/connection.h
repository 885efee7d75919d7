// SPDX-License-Identifier: Apache-2.0
// One connected channel to keyd: sends requests, and completes each waiting call by the number in the reply.
#pragma once
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/fiber.h"
#include "base/one_shot_event.h"
#include "base/packet_channel.h"
#include "base/result.h"
#include "format/keyd_protocol.h"
#include "secret/secret_bytes.h"

namespace coffer::keyclient {

// Thread-safe. A thread of its own reads replies; close() (or destruction) ends it.
class Connection : public std::enable_shared_from_this<Connection> {
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
  // `packet` begins with a request of number `id`, unique on this connection; it is wiped. From a fiber it
  // leaves together with those of the loop's other fibers.
  Outcome call(uint64_t id, Bytes packet, std::chrono::steady_clock::time_point deadline);
  bool alive() const;
  void close();  // waiting calls end with kUnavailable

 private:
  // One call, on its caller's stack.
  struct Waiting {
    OneShotEvent completed;
    Outcome outcome{Sent::kYes, secret::SecretBytes()};
    void complete(Outcome its_outcome) {
      outcome = std::move(its_outcome);
      completed.set();
    }
  };
  struct Unsent {
    uint64_t id;
    Bytes packet;
  };
  bool add(uint64_t id, Waiting& waiting);
  void send(Fiber* fiber, Unsent request);
  void queue(FiberHost& host, std::vector<Unsent> requests);
  std::vector<Unsent> take_queued(FiberHost& host);
  void send_queued(FiberHost& host);
  void read_replies();
  void complete(uint64_t id, Outcome outcome);
  void end();

  PacketChannel channel_;
  std::mutex sending_;
  mutable std::mutex mutex_;                                    // of what follows
  std::unordered_map<uint64_t, Waiting*> waiting_;              // not completed yet
  std::unordered_map<FiberHost*, std::vector<Unsent>> queued_;  // by fibers, until their loop sends them
  bool alive_ = true;
  std::once_flag joined_;
  std::thread reader_;
};

}  // namespace coffer::keyclient
