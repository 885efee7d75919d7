// SPDX-License-Identifier: Apache-2.0
#include "export/client_acceptor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/log.h"

namespace coffer::exporting {

Result<std::unique_ptr<ClientAcceptor>> ClientAcceptor::start(std::string name, FileDescriptor listener,
                                                              const Limits& limits, Serve serve) {
  FileDescriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return fail_errno("eventfd");
  std::unique_ptr<ClientAcceptor> acceptor(
      new ClientAcceptor(std::move(name), std::move(listener), std::move(wake), limits, std::move(serve)));
  try {
    acceptor->acceptor_ = std::thread([raw = acceptor.get()] { raw->accept_clients(); });
  } catch (const std::system_error& error) {
    return fail(ErrorKind::kUnavailable, std::string("start a thread: ") + error.what());
  }
  return acceptor;
}

void ClientAcceptor::accept_clients() {
  while (!stopping_) {
    pollfd wanted[2] = {{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    if (::poll(wanted, 2, -1) < 0 && errno != EINTR) {
      log_error("{}: poll: {}", name_, errno_error("poll").message);
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
      log_warning("{}: {}", name_, errno_error("accept").message);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
}

void ClientAcceptor::admit(FileDescriptor socket) {
  if (active_ >= limits_.clients) {
    log_warning("{}: a client was refused: {} are connected already", name_, limits_.clients);
    return;
  }
  std::lock_guard lock(mutex_);
  Client& client = clients_.emplace_back();
  client.socket = std::move(socket);
  ++active_;
  try {
    client.thread = std::thread([this, &client] {
      try {
        serve_(client.socket.get(), stopping_);
      } catch (const std::bad_alloc&) {
        log_error("{}: no memory for a client", name_);
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
    log_error("{}: no thread for a client: {}", name_, error.what());
    --active_;
    clients_.pop_back();
  }
}

void ClientAcceptor::reap() {
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

void ClientAcceptor::stop() {
  std::lock_guard only_one(stop_mutex_);
  if (!listener_.valid()) return;
  stopping_ = true;
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
