// SPDX-License-Identifier: Apache-2.0
#include "cli/listener.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace coffer::cli {
namespace {

constexpr size_t kMostNames = 32;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

bool to_socket_address(const ListenAddress& address, SocketAddress& out) {
  auto* four = reinterpret_cast<sockaddr_in*>(&out.storage);
  if (::inet_pton(AF_INET, address.host.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(address.port);
    out.size = sizeof(sockaddr_in);
    return true;
  }
  auto* six = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (::inet_pton(AF_INET6, address.host.c_str(), &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(address.port);
    out.size = sizeof(sockaddr_in6);
    return true;
  }
  return false;
}

bool is_loopback(SocketAddress& address) {
  if (address.storage.ss_family == AF_INET)
    return ntohl(reinterpret_cast<sockaddr_in*>(&address.storage)->sin_addr.s_addr) >> 24 == 127;
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_addr);
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto refuse = [&] {
    return fail(ErrorKind::kInvalidArgument,
                "'" + std::string(text) + "' is no address to listen on (for example: 127.0.0.1:4599)");
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  ListenAddress address;
  address.host = host == "localhost" ? "127.0.0.1" : std::string(host);
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || parsed.ec != std::errc() || parsed.ptr != port.data() + port.size()) return refuse();
  SocketAddress socket_address;
  if (!to_socket_address(address, socket_address)) return refuse();
  if ((socket_address.storage.ss_family == AF_INET6) != bracketed) return refuse();
  address.loopback = is_loopback(socket_address);
  return address;
}

Result<TcpListener> listen_tcp(const ListenAddress& address) {
  SocketAddress wanted;
  const std::string what = "listen on " + address.host + ":" + std::to_string(address.port);
  if (!to_socket_address(address, wanted)) return fail(ErrorKind::kInvalidArgument, what);
  TcpListener listener{FileDescriptor(::socket(wanted.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)),
                       address};
  if (!listener.socket.valid()) return fail_errno(what);
  const int on = 1;
  ::setsockopt(listener.socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener.socket.get(), wanted.get(), wanted.size) != 0) {
    if (errno != EADDRINUSE) return fail_errno(what);
    return fail(ErrorKind::kConflict, what +
                                          ": another program listens there; stop it, or choose another "
                                          "port (port 0 picks a free one)");
  }
  if (::listen(listener.socket.get(), 1024) != 0) return fail_errno(what);
  SocketAddress given;
  given.size = sizeof given.storage;
  if (::getsockname(listener.socket.get(), given.get(), &given.size) != 0) return fail_errno(what);
  // sin_port and sin6_port lie at the same place.
  listener.address.port = ntohs(reinterpret_cast<sockaddr_in*>(&given.storage)->sin_port);
  return listener;
}

Result<FileDescriptor> listen_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(ErrorKind::kInvalidArgument, "the path " + path + " is too long for a Unix socket");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return fail_errno("socket");
  ::unlink(path.c_str());
  // The folder around it is 0700 already; the mode is a second lock on the same door.
  const mode_t before = ::umask(0177);
  const int bound = ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::umask(before);
  if (bound != 0) return fail_errno("bind " + path);
  if (::listen(socket.get(), 64) != 0) return fail_errno("listen " + path);
  return socket;
}

std::string host_and_port(const ListenAddress& address) {
  std::string host = address.host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return host + ":" + std::to_string(address.port);
}

std::vector<std::string> names_of(const ListenAddress& address) {
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  const auto add = [&names](std::string name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  };
  char host[256] = "";
  if (::gethostname(host, sizeof host - 1) == 0 && host[0] != 0) add(host);
  if (address.host != "0.0.0.0" && address.host != "::") {
    add(address.host);
    return names;
  }
  ifaddrs* interfaces = nullptr;
  if (::getifaddrs(&interfaces) != 0) return names;
  for (const ifaddrs* one = interfaces; one != nullptr && names.size() < kMostNames; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    char text[INET6_ADDRSTRLEN] = "";
    const void* bytes = nullptr;
    if (one->ifa_addr->sa_family == AF_INET) bytes = &reinterpret_cast<sockaddr_in*>(one->ifa_addr)->sin_addr;
    if (one->ifa_addr->sa_family == AF_INET6)
      bytes = &reinterpret_cast<sockaddr_in6*>(one->ifa_addr)->sin6_addr;
    if (bytes != nullptr && ::inet_ntop(one->ifa_addr->sa_family, bytes, text, sizeof text) != nullptr)
      add(text);
  }
  ::freeifaddrs(interfaces);
  return names;
}

std::string endpoint_url(const ListenAddress& address, bool tls) {
  return (tls ? "https://" : "http://") + host_and_port(address);
}

}  // namespace coffer::cli
