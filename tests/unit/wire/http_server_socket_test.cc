// SPDX-License-Identifier: Apache-2.0
// What kinds of socket does the server listen on, and what does it know of the peer?
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire/http_server.h"

namespace coffer::wire {
namespace {

using testing::HasSubstr;

TEST(HttpServerStart, RefusesASocketThatDoesNotListen) {
  HttpServer server;
  EXPECT_FALSE(server.start(FileDescriptor(::socket(AF_INET, SOCK_STREAM, 0)), {},
                            [](HttpRequest&&) { return plain_response(200, ""); }));
}

TEST(HttpServerOnUnixSocket, TellsThePeersUser) {
  const std::string path = fmt::format("{}/http-{}.sock", testing::TempDir(), ::getpid());
  ::unlink(path.c_str());
  FileDescriptor listening(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::copy(path.begin(), path.end(), address.sun_path);
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listening.get(), 4), 0);
  HttpServer server;
  ASSERT_TRUE(server.start(std::move(listening), {}, [](HttpRequest&& request) {
    return plain_response(
        200, fmt::format("user={}>", request.peer_user ? static_cast<int64_t>(*request.peer_user) : -1));
  }));
  FileDescriptor client(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  ASSERT_EQ(::send(client.get(), request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  ::shutdown(client.get(), SHUT_WR);
  std::string answer;
  char buffer[4096];
  for (ssize_t size; (size = ::recv(client.get(), buffer, sizeof buffer, 0)) > 0;)
    answer.append(buffer, static_cast<size_t>(size));
  EXPECT_THAT(answer, HasSubstr(fmt::format("user={}>", ::getuid())));
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace coffer::wire
