// SPDX-License-Identifier: Apache-2.0
#include "cli/listener.h"

#include <gtest/gtest.h>

namespace coffer::cli {
namespace {

TEST(ListenAddress, KnowsLoopbackFromTheRest) {
  for (const char* text : {"127.0.0.1:4599", "127.9.9.9:1", "localhost:0", "[::1]:65535"})
    EXPECT_TRUE(parse_listen_address(text)->loopback) << text;
  for (const char* text : {"0.0.0.0:4599", "10.0.0.1:1", "[::]:0", "[::ffff:127.0.0.1]:1"})
    EXPECT_FALSE(parse_listen_address(text)->loopback) << text;
}

TEST(ListenAddress, RefusesWhatIsNone) {
  for (const char* text : {"", ":", "4599", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                           "127.0.0.1:1x", "::1:4599", "[127.0.0.1]:1", "example.com:80", "[::1]", "127.1:1"})
    EXPECT_FALSE(parse_listen_address(text)) << text;
}

TEST(Endpoint, IsWhatClientsHereCanReach) {
  EXPECT_EQ(endpoint_url(*parse_listen_address("127.0.0.1:4599"), false), "http://127.0.0.1:4599");
  EXPECT_EQ(endpoint_url(*parse_listen_address("0.0.0.0:4599"), true), "https://127.0.0.1:4599");
  EXPECT_EQ(endpoint_url(*parse_listen_address("[::1]:80"), false), "http://[::1]:80");
}

TEST(TcpListener, PortZeroPicksAFreeOne) {
  auto first = listen_tcp(*parse_listen_address("127.0.0.1:0"));
  auto second = listen_tcp(*parse_listen_address("127.0.0.1:0"));
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->address.port, 0);
  EXPECT_NE(first->address.port, second->address.port);
  EXPECT_FALSE(listen_tcp(first->address));
}

}  // namespace
}  // namespace coffer::cli
