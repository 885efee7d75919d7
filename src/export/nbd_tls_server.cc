// SPDX-License-Identifier: Apache-2.0
#include "export/nbd_tls_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/log.h"
#include "export/nbd_handshake.h"
#include "export/nbd_permission.h"
#include "export/nbd_transmission.h"
#include "export/socket_connection.h"
#include "export/tls_connection.h"

namespace coffer::exporting {
namespace {

// Right after a start the certificate is on its way.
constexpr std::chrono::milliseconds kPatience{3000};
// Before TLS, only what a client needs to ask for it.
constexpr size_t kPlainCapacity = 4096;

// Replies go at once; a client whose machine is gone is noticed within two minutes.
void prepare_socket(int socket) {
  const auto set = [socket](int level, int name, int value) {
    ::setsockopt(socket, level, name, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
}

// The client's greeting, if it then asks for TLS and says nothing more in the clear.
std::optional<NbdGreeting> greet_before_tls(int socket, const Connection::Deadline& deadline) {
  SocketConnection plain(socket);
  plain.set_deadline(deadline);
  ReceiveBuffer in(plain, kPlainCapacity);
  auto greeting = greet_client(plain, in);
  if (!greeting || !await_starttls(plain, in) || !in.available().empty()) return std::nullopt;
  greeting->secured = true;
  return greeting;
}

}  // namespace

void serve_nbd_tls_client(int socket, const TlsIdentity& identity, ExportDirectory& directory,
                          const NbdLimits& limits) {
  const auto deadline = std::chrono::steady_clock::now() + limits.handshake;
  const auto context = identity.wait_for_context(std::min(deadline, deadline - limits.handshake + kPatience));
  if (!context) return;
  const auto greeting = greet_before_tls(socket, deadline);
  if (!greeting) return;
  const auto connection = TlsConnection::accept(socket, *context, deadline);
  if (!connection) return;
  const NbdPermission permission = permission_of(connection->tls());
  ReceiveBuffer in(*connection, NbdTransmission::kReceiveCapacity);
  const auto entered = settle_options(*connection, in, *greeting, PermittedExports(directory, permission));
  if (!entered) return;
  const auto visit = directory.enter(entered->export_name, socket);
  if (!visit) {
    log_warning("{}: a client over TLS was refused: too many are connected, or it is being detached",
                entered->export_name);
    return;
  }
  connection->set_deadline(std::nullopt);
  NbdTransmission(*connection, in, visit->served(), entered->session, visit->stopping()).run();
}

Result<std::unique_ptr<NbdTlsServer>> NbdTlsServer::start(FileDescriptor listener,
                                                          const TlsIdentity& identity,
                                                          ExportDirectory& directory, const NbdLimits& limits,
                                                          uint32_t most_clients) {
  const int flags = ::fcntl(listener.get(), F_GETFL);
  if (flags < 0 || ::fcntl(listener.get(), F_SETFL, flags | O_NONBLOCK) != 0)
    return fail_errno("the listening socket of NBD over TLS");
  COFFER_TRY(acceptor,
             ClientAcceptor::start("NBD over TLS", std::move(listener), {most_clients, limits.drain},
                                   [&identity, &directory, limits](int socket, const auto&) {
                                     prepare_socket(socket);
                                     serve_nbd_tls_client(socket, identity, directory, limits);
                                   }));
  return std::unique_ptr<NbdTlsServer>(new NbdTlsServer(std::move(acceptor)));
}

}  // namespace coffer::exporting
