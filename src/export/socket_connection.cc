// SPDX-License-Identifier: Apache-2.0
#include "export/socket_connection.h"

#include <linux/sock_diag.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace coffer::exporting {

bool wait_for_socket(int socket, short events, const Connection::Deadline& deadline) {
  for (;;) {
    int patience = -1;
    if (deadline) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      patience = static_cast<int>(left.count());
    }
    pollfd wanted{socket, events, 0};
    const int ready = ::poll(&wanted, 1, patience);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

std::span<iovec> skip_sent(std::span<iovec> vectors, size_t sent) {
  while (!vectors.empty() && sent >= vectors.front().iov_len) {
    sent -= vectors.front().iov_len;
    vectors = vectors.subspan(1);
  }
  if (!vectors.empty())
    vectors.front() = {static_cast<uint8_t*>(vectors.front().iov_base) + sent,
                       vectors.front().iov_len - sent};
  return vectors;
}

size_t SocketConnection::receive(MutableByteView into) {
  for (;;) {
    if (deadline() && !wait_for_socket(socket_, POLLIN, deadline())) return 0;
    const ssize_t got = ::recv(socket_, into.data(), into.size(), 0);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR) return 0;
  }
}

std::optional<size_t> SocketConnection::receive_now(MutableByteView into) {
  const ssize_t got = ::recv(socket_, into.data(), into.size(), MSG_DONTWAIT);
  if (got >= 0) return static_cast<size_t>(got);
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return std::nullopt;
  return 0;
}

bool SocketConnection::peer_has_unread() {
  std::array<uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof memory;
  return ::getsockopt(socket_, SOL_SOCKET, SO_MEMINFO, memory.data(), &size) == 0 &&
         memory[SK_MEMINFO_WMEM_ALLOC] != 0;
}

bool SocketConnection::send(std::span<iovec> vectors) {
  const int flags = MSG_NOSIGNAL | (deadline() ? MSG_DONTWAIT : 0);
  while (!vectors.empty()) {
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = vectors.size();
    const ssize_t sent = ::sendmsg(socket_, &message, flags);
    if (sent >= 0) {
      vectors = skip_sent(vectors, static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for_socket(socket_, POLLOUT, deadline())) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace coffer::exporting
