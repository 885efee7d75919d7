// SPDX-License-Identifier: Apache-2.0
// A client on a stream socket as it is.
#pragma once
#include "export/connection.h"

namespace coffer::exporting {

// Waits until poll(2) reports one of `events` (or an error, which the next call then meets). False: the
// deadline has passed.
bool wait_for_socket(int socket, short events, const Connection::Deadline& deadline);

// Takes from the front of `vectors` what has gone out; what is left may be empty.
std::span<iovec> skip_sent(std::span<iovec> vectors, size_t sent);

class SocketConnection final : public Connection {
 public:
  // Does not own the socket, which blocks.
  explicit SocketConnection(int socket) : socket_(socket) {}
  size_t receive(MutableByteView into) override;
  std::optional<size_t> receive_now(MutableByteView into) override;
  bool peer_has_unread() override;
  bool send(std::span<iovec> vectors) override;

 private:
  const int socket_;
};

}  // namespace coffer::exporting
