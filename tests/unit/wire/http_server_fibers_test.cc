// SPDX-License-Identifier: Apache-2.0
// Do brief requests share their connections' thread, and end before the server does?
#include <array>
#include <future>
#include <thread>

#include "base/fiber.h"
#include "base/one_shot_event.h"
#include "tests/unit/wire/http_server_fixture.h"

namespace coffer::wire {
namespace {

using namespace std::chrono_literals;
using test::RawClient;
using testing::HasSubstr;

using HttpServerFibers = HttpServerTest;

// One I/O thread and no other: each request waits until all have come.
TEST_F(HttpServerFibers, BriefRequestsWaitOnOneThreadTogether) {
  if (!Fiber::offered()) GTEST_SKIP() << "a sanitizer build has no fibers";
  constexpr size_t kClients = 8;
  std::array<OneShotEvent, kClients> events;
  std::atomic<size_t> waiting = 0;
  HttpServer::Options options;
  options.is_brief = [](const HttpRequest& request) { return request.path == "/wait"; };
  serve(options, [&](HttpRequest&& request) {
    if (request.path == "/wait") events[waiting++].wait();
    return echo(std::move(request));
  });
  std::vector<RawClient> clients;
  for (size_t i = 0; i < kClients; ++i) {
    clients.push_back(client());
    ASSERT_TRUE(clients.back().send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n"));
  }
  while (waiting < kClients) std::this_thread::sleep_for(1ms);
  expect_alive();
  for (auto& event : events) event.set();
  for (auto& each : clients) EXPECT_THAT(each.read_until(">"), HasSubstr("<GET /wait"));
}

TEST_F(HttpServerFibers, ABriefRequestIsAnsweredAfterStopWasAsked) {
  if (!Fiber::offered()) GTEST_SKIP() << "a sanitizer build has no fibers";
  OneShotEvent event;
  std::promise<void> begun;
  HttpServer::Options options;
  options.drain_timeout = 100ms;
  options.is_brief = [](const HttpRequest&) { return true; };
  std::atomic<bool> ended = false;
  serve(options, [&](HttpRequest&& request) {
    begun.set_value();
    event.wait();
    ended = true;
    return echo(std::move(request));
  });
  RawClient c = client();
  ASSERT_TRUE(c.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  begun.get_future().wait();
  std::thread setter([&] {
    std::this_thread::sleep_for(300ms);  // longer than connections are given
    event.set();
  });
  server_.stop();
  EXPECT_TRUE(ended);
  setter.join();
}

}  // namespace
}  // namespace coffer::wire
