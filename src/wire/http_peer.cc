// SPDX-License-Identifier: Apache-2.0
#include "wire/http_peer.h"

#include <arpa/inet.h>
#include <sys/socket.h>

namespace coffer::wire {

Peer peer_of(int socket) {
  Peer peer;
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return peer;
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    const auto& address = reinterpret_cast<const sockaddr_in&>(storage);
    ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
    peer.loopback = (ntohl(address.sin_addr.s_addr) >> 24) == 127;
  } else if (storage.ss_family == AF_INET6) {
    const auto& address = reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr;
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&address);
    if (mapped)
      ::inet_ntop(AF_INET, address.s6_addr + 12, text, sizeof text);
    else
      ::inet_ntop(AF_INET6, &address, text, sizeof text);
    peer.loopback = IN6_IS_ADDR_LOOPBACK(&address) || (mapped && address.s6_addr[12] == 127);
  } else if (storage.ss_family == AF_UNIX) {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0)
      peer.user = credentials.uid;
  }
  peer.address = text;
  return peer;
}

}  // namespace coffer::wire
