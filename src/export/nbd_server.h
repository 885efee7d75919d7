// SPDX-License-Identifier: Apache-2.0
// One export behind one Unix socket. A thread accepts, and each client has a thread of its own.
#pragma once
#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "export/nbd_export.h"

namespace coffer::exporting {

// Serves one client on a connected stream socket until it leaves or `stopping`; the socket stays the
// caller's.
void serve_nbd_client(int socket, const NbdExport& served, const NbdLimits& limits,
                      const std::atomic<bool>& stopping);

class NbdServer {
 public:
  // Makes the socket, mode 0600; a file left there by an earlier process is replaced. Serves when it returns.
  // kInvalidArgument when the path is longer than a socket's can be.
  static Result<std::unique_ptr<NbdServer>> start(NbdExport served, const std::string& path,
                                                  NbdLimits limits = {});
  ~NbdServer() { stop(); }
  NbdServer(const NbdServer&) = delete;
  NbdServer& operator=(const NbdServer&) = delete;

  // Removes the socket, lets every client's running request end and its reply leave, and closes them. The
  // device is idle when it returns, but not flushed. Idempotent; thread-safe.
  void stop();
  uint32_t clients() const { return active_.load(); }
  const std::string& path() const { return path_; }

 private:
  struct Client {
    FileDescriptor socket;
    std::thread thread;
    bool finished = false;
  };

  NbdServer(NbdExport served, std::string path, NbdLimits limits, FileDescriptor listener,
            FileDescriptor wake)
      : served_(std::move(served)),
        path_(std::move(path)),
        limits_(limits),
        listener_(std::move(listener)),
        wake_(std::move(wake)) {}
  void accept_clients();
  void admit(FileDescriptor socket);
  void reap();

  const NbdExport served_;
  const std::string path_;
  const NbdLimits limits_;
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
