// SPDX-License-Identifier: Apache-2.0
// The listening sockets that the supervisor holds, so that the port and the admin socket stay open while apid
// restarts.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_descriptor.h"
#include "base/result.h"

namespace coffer::cli {

struct ListenAddress {
  std::string host;   // "127.0.0.1", "::1" (without brackets)
  uint16_t port = 0;  // 0: any free one
  bool loopback = false;
};

// "127.0.0.1:4599", "[::1]:0", "localhost:4599".
Result<ListenAddress> parse_listen_address(std::string_view text);

struct TcpListener {
  FileDescriptor socket;
  ListenAddress address;  // with the port that was given
};
Result<TcpListener> listen_tcp(const ListenAddress& address);

// A stream socket at `path`, which is replaced; only its owner may connect.
Result<FileDescriptor> listen_unix(const std::string& path);

// "127.0.0.1:10809", "[::1]:10809": where clients on this machine find it.
std::string host_and_port(const ListenAddress& address);
// The names and addresses by which clients may call it: its own, or this machine's when it listens on all of
// them.
std::vector<std::string> names_of(const ListenAddress& address);

// What clients on this machine put into AWS_ENDPOINT_URL.
std::string endpoint_url(const ListenAddress& address, bool tls);

}  // namespace coffer::cli
