// SPDX-License-Identifier: Apache-2.0
// A listening socket on 127.0.0.1 and a client that speaks raw bytes to it.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"

namespace coffer::wire::test {

struct Listener {
  FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  uint16_t port = 0;
  Listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) return;
    if (::listen(socket.get(), 64) != 0) return;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0)
      port = ntohs(address.sin_port);
  }
  // The server gets a duplicate, as a daemon gets one from its supervisor.
  FileDescriptor duplicate() const { return FileDescriptor(::dup(socket.get())); }
};

class RawClient {
 public:
  explicit RawClient(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    connected_ = ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  bool connected() const { return connected_; }
  int fd() const { return socket_.get(); }

  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t size = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      text.remove_prefix(static_cast<size_t>(size));
    }
    return true;
  }
  void finish_sending() { ::shutdown(socket_.get(), SHUT_WR); }

  // Reads until `enough` occurs, the end of the stream, or the patience is over.
  std::string read_until(std::string_view enough,
                         std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
      if (const size_t at = received_.find(enough); !enough.empty() && at != std::string::npos) {
        std::string result = received_.substr(0, at + enough.size());
        received_.erase(0, at + enough.size());
        return result;
      }
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      pollfd waiting{socket_.get(), POLLIN, 0};
      if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) break;
      char buffer[65536];
      const ssize_t size = ::recv(socket_.get(), buffer, sizeof buffer, 0);
      if (size <= 0) {
        closed_ = true;
        break;
      }
      received_.append(buffer, static_cast<size_t>(size));
    }
    return std::exchange(received_, {});
  }
  std::string read_to_end(std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    return read_until("", patience);
  }
  bool closed() const { return closed_; }  // the last read met the end of the stream

 private:
  FileDescriptor socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::string received_;
  bool connected_ = false;
  bool closed_ = false;
};

}  // namespace coffer::wire::test
