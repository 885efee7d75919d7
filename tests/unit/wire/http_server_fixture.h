// SPDX-License-Identifier: Apache-2.0
// A server of its own for each test, which answers with what it was asked.
#pragma once
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/wire/loopback.h"
#include "wire/http_server.h"

namespace coffer::wire {

// Answers with what it was asked.
inline HttpResponse echo(HttpRequest&& request) {
  HttpResponse response;
  response.headers.add("Content-Type", "text/plain");
  response.body = fmt::format("<{} {} ?{} {} body={}>", request.method, request.path, request.query,
                              request.peer_address, request.body.size());
  return response;
}

class HttpServerTest : public testing::Test {
 protected:
  void serve(HttpServer::Options options = {}, HttpServer::Handler handler = echo) {
    const auto status = server_.start(listener_.duplicate(), std::move(options), std::move(handler));
    ASSERT_TRUE(status) << status.error().message;
  }
  test::RawClient client() const { return test::RawClient(listener_.port); }

  // A request of its own on a new connection: is the server still well?
  void expect_alive() {
    test::RawClient fresh = client();
    ASSERT_TRUE(fresh.send("GET /alive HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_THAT(fresh.read_until(">"), testing::HasSubstr("<GET /alive"));
  }

  test::Listener listener_;
  HttpServer server_;
};

}  // namespace coffer::wire
