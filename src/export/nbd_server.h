// SPDX-License-Identifier: Apache-2.0
// One export behind one Unix socket. A thread accepts, and each client has a thread of its own.
#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "base/result.h"
#include "export/client_acceptor.h"
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
  uint32_t clients() const { return acceptor_->clients(); }
  const std::string& path() const { return path_; }

 private:
  NbdServer(std::string path, std::unique_ptr<ClientAcceptor> acceptor)
      : path_(std::move(path)), acceptor_(std::move(acceptor)) {}

  const std::string path_;
  const std::unique_ptr<ClientAcceptor> acceptor_;
};

}  // namespace coffer::exporting
