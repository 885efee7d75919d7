// SPDX-License-Identifier: Apache-2.0
#include "api/admin_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/log.h"
#include "base/result.h"
#include "base/socket.h"
#include "secret/secret_bytes.h"

namespace coffer::api {
namespace {

std::optional<UnixPeer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  return UnixPeer{credentials.uid, credentials.pid};
}

void converse(int socket, const AdminServer::Handler& handler) {
  const auto peer = peer_of(socket);
  if (!peer) return;
  std::string received;
  char piece[4096];
  while (true) {
    const size_t end = received.find('\n');
    if (end == std::string::npos) {
      if (received.size() > AdminServer::kLongestLine) return;
      const ssize_t got = ::recv(socket, piece, sizeof piece, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return;
      received.append(piece, static_cast<size_t>(got));
      continue;
    }
    std::string answer = handler(*peer, received.substr(0, end));
    received.erase(0, end + 1);
    const bool sent = send_all(socket, answer) && send_all(socket, "\n");
    secret::wipe(answer);
    if (!sent) return;
  }
}

}  // namespace

struct AdminServer::State {
  FileDescriptor listening, wake;
  Handler handler;
  std::mutex mutex;
  std::condition_variable changed;
  std::set<int> connections;  // descriptors; closed by their own threads
  bool stopping = false;
  std::thread acceptor;

  void accept_all();
  void serve(FileDescriptor connection);
};

void AdminServer::State::accept_all() {
  while (true) {
    pollfd ready[2] = {{listening.get(), POLLIN, 0}, {wake.get(), POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) return;
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return stopping || connections.size() < kMostConnections; });
    if (stopping) return;
    if ((ready[0].revents & POLLIN) == 0) continue;
    // The socket is shared with an earlier or later apid, so that another may have been faster.
    FileDescriptor connection(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.valid()) continue;
    // A client that does not read its answer must not keep this process from stopping.
    const timeval patience{10, 0};
    ::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    connections.insert(connection.get());
    std::thread([this, held = std::move(connection)]() mutable { serve(std::move(held)); }).detach();
  }
}

void AdminServer::State::serve(FileDescriptor connection) {
  try {
    converse(connection.get(), handler);
  } catch (const std::exception& exception) {
    log_error("admin socket: {}", exception.what());
  }
  const std::lock_guard lock(mutex);
  connections.erase(connection.get());
  connection.reset();
  changed.notify_all();  // under the lock: the destructor may free this object once it is released
}

AdminServer::AdminServer(FileDescriptor listening_socket, Handler handler)
    : state_(std::make_unique<State>()) {
  state_->listening = std::move(listening_socket);
  ::fcntl(state_->listening.get(), F_SETFL, O_NONBLOCK);
  state_->wake = FileDescriptor(::eventfd(0, EFD_CLOEXEC));
  state_->handler = std::move(handler);
  state_->acceptor = std::thread([state = state_.get()] { state->accept_all(); });
}

AdminServer::~AdminServer() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->changed.notify_all();
    for (int connection : state_->connections) ::shutdown(connection, SHUT_RD);
  }
  ::eventfd_write(state_->wake.get(), 1);
  state_->acceptor.join();
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->connections.empty(); });
}

}  // namespace coffer::api
