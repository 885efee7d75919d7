// SPDX-License-Identifier: Apache-2.0
// The admin socket: a Unix stream socket on which one JSON text a line is answered by one JSON text a line.
// Who asks is the socket's peer, as the kernel says (SO_PEERCRED).
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/file_descriptor.h"

namespace coffer::api {

struct UnixPeer {
  uint32_t uid = 0;
  int32_t pid = 0;
};

class AdminServer {
 public:
  // The answer to a line, without its line break; it is wiped once it is sent. Called from several threads.
  using Handler = std::function<std::string(const UnixPeer& peer, const std::string& line)>;
  static constexpr size_t kLongestLine = 64 << 10;
  static constexpr size_t kMostConnections = 32;  // further ones wait

  AdminServer(FileDescriptor listening_socket, Handler handler);
  ~AdminServer();  // closes the connections and waits for what is under way
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coffer::api
