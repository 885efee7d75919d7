// SPDX-License-Identifier: Apache-2.0
#include "export/nbd_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/log.h"
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
  const auto session = shake_hands(connection, in, served);
  if (!session) return;
  connection.set_deadline(std::nullopt);
  NbdTransmission(connection, in, served, *session, stopping).run();
}

Result<std::unique_ptr<NbdServer>> NbdServer::start(NbdExport served, const std::string& path,
                                                    NbdLimits limits) {
  COFFER_TRY(listener, listen_at(path));
  FileDescriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return fail_errno("eventfd");
  std::unique_ptr<NbdServer> server(
      new NbdServer(std::move(served), path, limits, std::move(listener), std::move(wake)));
  try {
    server->acceptor_ = std::thread([raw = server.get()] { raw->accept_clients(); });
  } catch (const std::system_error& error) {
    return fail(ErrorKind::kUnavailable, std::string("start a thread: ") + error.what());
  }
  return server;
}

void NbdServer::accept_clients() {
  while (!stopping_) {
    pollfd wanted[2] = {{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    if (::poll(wanted, 2, -1) < 0 && errno != EINTR) {
      log_error("{}: poll: {}", served_.name, errno_error("poll").message);
      return;
    }
    uint64_t woken = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &woken, sizeof woken);
    reap();
    if (stopping_ || !(wanted[0].revents & POLLIN)) continue;
    FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket.valid()) {
      admit(std::move(socket));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
      // The connection stays in the queue; without a pause this loop would spin on it.
      log_warning("{}: {}", served_.name, errno_error("accept").message);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
}

void NbdServer::admit(FileDescriptor socket) {
  if (active_ >= limits_.clients) {
    log_warning("{}: a client was refused: {} are connected already", served_.name, limits_.clients);
    return;
  }
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &kSocketBuffer, sizeof kSocketBuffer);
  std::lock_guard lock(mutex_);
  Client& client = clients_.emplace_back();
  client.socket = std::move(socket);
  ++active_;
  try {
    client.thread = std::thread([this, &client] {
      try {
        serve_nbd_client(client.socket.get(), served_, limits_, stopping_);
      } catch (const std::bad_alloc&) {
        log_error("{}: no memory for a client", served_.name);
      }
      // Tells the client at once; the descriptor itself is closed when the thread has been joined.
      ::shutdown(client.socket.get(), SHUT_RDWR);
      std::lock_guard finish(mutex_);
      client.finished = true;
      --active_;
      client_left_.notify_all();
      const uint64_t one = 1;
      [[maybe_unused]] const ssize_t put = ::write(wake_.get(), &one, sizeof one);
    });
  } catch (const std::system_error& error) {
    log_error("{}: no thread for a client: {}", served_.name, error.what());
    --active_;
    clients_.pop_back();
  }
}

void NbdServer::reap() {
  std::list<Client> finished;
  {
    std::lock_guard lock(mutex_);
    for (auto client = clients_.begin(); client != clients_.end();) {
      const auto next = std::next(client);
      if (client->finished) finished.splice(finished.end(), clients_, client);
      client = next;
    }
  }
  for (Client& client : finished) client.thread.join();
}

void NbdServer::stop() {
  std::lock_guard only_one(stop_mutex_);
  if (!listener_.valid()) return;
  stopping_ = true;
  ::unlink(path_.c_str());
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t put = ::write(wake_.get(), &one, sizeof one);
  if (acceptor_.joinable()) acceptor_.join();
  listener_.reset();

  std::unique_lock lock(mutex_);
  // Whoever waits for a request sees the end; whoever is answering one may finish.
  for (Client& client : clients_) ::shutdown(client.socket.get(), SHUT_RD);
  const bool left = client_left_.wait_for(lock, limits_.drain, [this] { return active_ == 0; });
  if (!left)
    for (Client& client : clients_) ::shutdown(client.socket.get(), SHUT_RDWR);
  lock.unlock();
  for (Client& client : clients_) client.thread.join();  // nobody else touches the list any more
  clients_.clear();
}

}  // namespace coffer::exporting
