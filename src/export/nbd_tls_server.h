// SPDX-License-Identifier: Apache-2.0
// NBD over TCP: every export of a directory behind one listening socket, through TLS and for clients with a
// certificate only (docs/format/nbd.md).
#pragma once
#include <memory>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "export/client_acceptor.h"
#include "export/export_directory.h"
#include "export/tls_identity.h"

namespace coffer::exporting {

// Serves one client on a connected stream socket until it leaves, `stopping`, or its export goes.
void serve_nbd_tls_client(int socket, const TlsIdentity& identity, ExportDirectory& directory,
                          const NbdLimits& limits);

class NbdTlsServer {
 public:
  static constexpr uint32_t kMostClients = 128;  // of all exports together

  // Takes over the listening socket and makes it non-blocking. Serves when it returns; clients that come
  // before the identity has a certificate wait for it. `identity` and `directory` outlive it.
  static Result<std::unique_ptr<NbdTlsServer>> start(FileDescriptor listener, const TlsIdentity& identity,
                                                     ExportDirectory& directory, const NbdLimits& limits = {},
                                                     uint32_t most_clients = kMostClients);
  // Closes every client; exports are to be removed before, so that requests under way end well.
  void stop() { acceptor_->stop(); }
  uint32_t clients() const { return acceptor_->clients(); }

 private:
  explicit NbdTlsServer(std::unique_ptr<ClientAcceptor> acceptor) : acceptor_(std::move(acceptor)) {}
  const std::unique_ptr<ClientAcceptor> acceptor_;
};

}  // namespace coffer::exporting
