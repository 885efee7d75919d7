// SPDX-License-Identifier: Apache-2.0
// Who is at the other end of a connected socket.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace coffer::wire {

struct Peer {
  std::string address;           // IPv4 or IPv6, a mapped one as IPv4; empty on a Unix socket
  std::optional<uint32_t> user;  // on a Unix socket
  bool loopback = false;
};

Peer peer_of(int socket);

}  // namespace coffer::wire
