// SPDX-License-Identifier: Apache-2.0
// Accepts clients on a listening socket, each served by a thread of its own, up to a limit.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/file_descriptor.h"
#include "base/result.h"

namespace coffer::exporting {

class ClientAcceptor {
 public:
  // Serves one client until it leaves or `stopping`; the socket stays the acceptor's.
  using Serve = std::function<void(int socket, const std::atomic<bool>& stopping)>;
  struct Limits {
    uint32_t clients = 16;            // at the same time; further ones are closed at once
    std::chrono::milliseconds drain;  // at stop: for replies that a client is slow to take
  };

  // `listener` does not block. `name` is for the log. Accepts when it returns.
  static Result<std::unique_ptr<ClientAcceptor>> start(std::string name, FileDescriptor listener,
                                                       const Limits& limits, Serve serve);
  ~ClientAcceptor() { stop(); }
  ClientAcceptor(const ClientAcceptor&) = delete;
  ClientAcceptor& operator=(const ClientAcceptor&) = delete;

  // Accepts no more, lets every client's running request end and its reply leave, and closes them: when it
  // returns, none is served any more. Idempotent; thread-safe.
  void stop();
  uint32_t clients() const { return active_.load(); }

 private:
  struct Client {
    FileDescriptor socket;
    std::thread thread;
    bool finished = false;
  };

  ClientAcceptor(std::string name, FileDescriptor listener, FileDescriptor wake, const Limits& limits,
                 Serve serve)
      : name_(std::move(name)),
        limits_(limits),
        serve_(std::move(serve)),
        listener_(std::move(listener)),
        wake_(std::move(wake)) {}
  void accept_clients();
  void admit(FileDescriptor socket);
  void reap();

  const std::string name_;
  const Limits limits_;
  const Serve serve_;
  FileDescriptor listener_, wake_;
  std::thread acceptor_;
  std::atomic<bool> stopping_ = false;
  std::atomic<uint32_t> active_ = 0;
  std::mutex stop_mutex_;
  std::mutex mutex_;
  std::condition_variable client_left_;
  std::list<Client> clients_;  // under mutex_
};

}  // namespace coffer::exporting
