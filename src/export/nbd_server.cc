// SPDX-License-Identifier: Apache-2.0
#include "export/nbd_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "export/nbd_handshake.h"
#include "export/nbd_transmission.h"
#include "export/socket_connection.h"

namespace coffer::exporting {
namespace {

// Replies of several pieces go on while the client still takes the first ones. The kernel caps it.
constexpr int kSocketBuffer = 2 << 20;

Result<FileDescriptor> listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("the path of the NBD socket is longer than {} bytes: {}",
                            sizeof address.sun_path - 1, path));
  std::memcpy(address.sun_path, path.data(), path.size());

  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return fail_errno("socket");
  // The file gets the socket's mode, so that it is never open to others, not even for a moment.
  if (::fchmod(socket.get(), 0600) != 0) return fail_errno("fchmod " + path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + path);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail_errno("bind " + path);
  if (::listen(socket.get(), 64) != 0) return fail_errno("listen " + path);
  return socket;
}

}  // namespace

void serve_nbd_client(int socket, const NbdExport& served, const NbdLimits& limits,
                      const std::atomic<bool>& stopping) {
  SocketConnection connection(socket);
  ReceiveBuffer in(connection, NbdTransmission::kReceiveCapacity);
  connection.set_deadline(std::chrono::steady_clock::now() + limits.handshake);
  const auto greeting = greet_client(connection, in);
  if (!greeting) return;
  const auto entered = settle_options(connection, in, *greeting, SingleExport(served));
  if (!entered) return;
  connection.set_deadline(std::nullopt);
  NbdTransmission(connection, in, served, entered->session, stopping).run();
}

Result<std::unique_ptr<NbdServer>> NbdServer::start(NbdExport served, const std::string& path,
                                                    NbdLimits limits) {
  COFFER_TRY(listener, listen_at(path));
  const std::string name = served.name;
  COFFER_TRY(acceptor,
             ClientAcceptor::start(name, std::move(listener), {limits.clients, limits.drain},
                                   [served = std::move(served), limits](int socket, const auto& stopping) {
                                     ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &kSocketBuffer,
                                                  sizeof kSocketBuffer);
                                     serve_nbd_client(socket, served, limits, stopping);
                                   }));
  return std::unique_ptr<NbdServer>(new NbdServer(path, std::move(acceptor)));
}

void NbdServer::stop() {
  ::unlink(path_.c_str());
  acceptor_->stop();
}

}  // namespace coffer::exporting
