// SPDX-License-Identifier: Apache-2.0
// Does the server speak HTTP/1.1 to honest clients, and stay bounded and alive with others?
#include "wire/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/un.h>

#include <future>

#include "tests/unit/wire/http_server_fixture.h"

namespace coffer::wire {
namespace {

using namespace std::chrono_literals;
using test::Listener;
using test::RawClient;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(HttpServerTest, AnswersGetWithPathAndQuery) {
  serve();
  RawClient c = client();
  ASSERT_TRUE(c.send("GET /a%20b?x=1&y HTTP/1.1\r\nHost: h\r\n\r\n"));
  const std::string answer = c.read_until(">");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("<GET /a%20b ?x=1&y 127.0.0.1 body=0>"));
  EXPECT_THAT(answer, HasSubstr("\r\nDate: "));
}

TEST_F(HttpServerTest, KeepsTheConnectionForFurtherRequests) {
  serve();
  RawClient c = client();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(c.send(fmt::format("POST /{} HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", i)));
    EXPECT_THAT(c.read_until(">"), HasSubstr(fmt::format("<POST /{} ? 127.0.0.1 body=3>", i)));
  }
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  serve({}, [](HttpRequest&& request) {
    // The earlier the request, the longer it takes.
    std::this_thread::sleep_for(std::chrono::milliseconds(40 - 10 * (request.path.back() - '0')));
    return echo(std::move(request));
  });
  RawClient c = client();
  std::string all;
  for (int i = 0; i < 4; ++i) all += fmt::format("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", i);
  ASSERT_TRUE(c.send(all));
  for (int i = 0; i < 4; ++i) EXPECT_THAT(c.read_until(">"), HasSubstr(fmt::format("<GET /{} ", i)));
}

TEST_F(HttpServerTest, ClosesWhenTheClientAsksForIt) {
  serve();
  RawClient c = client();
  ASSERT_TRUE(c.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  EXPECT_THAT(c.read_to_end(), HasSubstr("Connection: close"));
  EXPECT_TRUE(c.closed());
}

TEST_F(HttpServerTest, SpeaksHttp10) {
  serve();
  RawClient once = client();
  ASSERT_TRUE(once.send("GET /old HTTP/1.0\r\n\r\n"));
  EXPECT_THAT(once.read_to_end(), HasSubstr("<GET /old"));
  EXPECT_TRUE(once.closed());

  RawClient kept = client();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(kept.send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    EXPECT_THAT(kept.read_until(">"), HasSubstr("Connection: keep-alive"));
  }
}

TEST_F(HttpServerTest, SendsContinueBeforeTheBody) {
  serve();
  RawClient c = client();
  ASSERT_TRUE(c.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"));
  EXPECT_EQ(c.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(c.send("abcd"));
  EXPECT_THAT(c.read_until(">"), HasSubstr("body=4"));
}

TEST_F(HttpServerTest, RefusesAnUnknownExpectation) {
  serve();
  RawClient c = client();
  ASSERT_TRUE(c.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\nContent-Length: 4\r\n\r\n"));
  EXPECT_THAT(c.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 417 "));
}

TEST_F(HttpServerTest, JoinsChunks) {
  serve();
  RawClient c = client();
  ASSERT_TRUE(c.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"));
  ASSERT_TRUE(c.send("6;extension=1\r\n world\r\n0\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_THAT(c.read_until(">"), HasSubstr("body=11"));
  EXPECT_THAT(c.read_until(">"), HasSubstr("<GET /next"));
}

TEST_F(HttpServerTest, AcceptsTheAbsoluteFormAndALeadingEmptyLine) {
  serve();
  RawClient c = client();
  ASSERT_TRUE(c.send("\r\nGET http://ec2.us-west-2.amazonaws.com?Action=X HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_THAT(c.read_until(">"), HasSubstr("<GET / ?Action=X"));
}

TEST_F(HttpServerTest, SendsNoBodyForHead) {
  serve();
  RawClient c = client();
  ASSERT_TRUE(c.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n"));
  const std::string head = c.read_until("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Content-Length: "));
  EXPECT_THAT(c.read_until("\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, RefusesABodyThatIsTooLargeWhetherDeclaredOrChunked) {
  HttpServer::Options options;
  options.largest_body = 1000;
  serve(options);
  {
    RawClient exact = client();
    ASSERT_TRUE(
        exact.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x')));
    EXPECT_THAT(exact.read_until(">"), HasSubstr("body=1000"));
  }
  {
    RawClient declared = client();
    // The client sends it all before it reads: the answer must survive that.
    ASSERT_TRUE(declared.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n"));
    declared.send(std::string(3000000, 'x'));
    EXPECT_THAT(declared.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
  }
  {
    RawClient chunked = client();
    ASSERT_TRUE(chunked.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 3; ++i) chunked.send("1f4\r\n" + std::string(500, 'x') + "\r\n");
    EXPECT_THAT(chunked.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
  }
  {
    RawClient expecting = client();
    ASSERT_TRUE(
        expecting.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n"));
    EXPECT_THAT(expecting.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
  }
  expect_alive();
}

TEST_F(HttpServerTest, RefusesAHeaderThatIsTooLarge) {
  serve();
  RawClient c = client();
  c.send("GET / HTTP/1.1\r\nHost: h\r\n");
  for (int i = 0; i < 40; ++i) c.send(fmt::format("X-Filler-{}: {}\r\n", i, std::string(1000, 'x')));
  EXPECT_THAT(c.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 431 "));
  expect_alive();
}

TEST_F(HttpServerTest, RefusesWhatIsNotHttp) {
  serve();
  for (const std::string& garbage :
       {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
        std::string("\0\0\0\0\r\n\r\n", 8), std::string("GET\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost : h\r\n\r\n"), std::string("GET / HTTP/1.1\r\nno colon\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5x\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n")}) {
    RawClient c = client();
    ASSERT_TRUE(c.send(garbage));
    EXPECT_THAT(c.read_to_end(), StartsWith("HTTP/1.1 400 ")) << testing::PrintToString(garbage);
  }
  RawClient version = client();
  ASSERT_TRUE(version.send("GET / HTTP/2.0\r\nHost: h\r\n\r\n"));
  EXPECT_THAT(version.read_to_end(), StartsWith("HTTP/1.1 505 "));
  expect_alive();
}

// Two readings of where a body ends let a client smuggle a request past whatever stands before us.
TEST_F(HttpServerTest, RefusesAmbiguousFraming) {
  serve();
  for (const std::string headers : {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                                    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                                    "Content-Length: 5\r\nContent-Length: 6\r\n", "Host: other\r\n"}) {
    RawClient c = client();
    ASSERT_TRUE(c.send("POST / HTTP/1.1\r\nHost: h\r\n" + headers +
                       "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"));
    const std::string answer = c.read_to_end();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << headers;
    EXPECT_THAT(answer, Not(HasSubstr("smuggled"))) << headers;
  }
  expect_alive();
}

// A body whose coding is not understood must not be read as the next request.
TEST_F(HttpServerTest, RefusesTransferCodingsOtherThanChunked) {
  serve();
  for (const std::string head :
       {"HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n", "HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n",
        "HTTP/1.1\r\nTransfer-Encoding: identity\r\n", "HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n",
        "HTTP/1.0\r\nTransfer-Encoding: chunked\r\n"}) {
    RawClient c = client();
    ASSERT_TRUE(c.send("POST / " + head + "Host: h\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"));
    const std::string answer = c.read_to_end();
    EXPECT_THAT(answer, testing::AnyOf(StartsWith("HTTP/1.1 501 "), StartsWith("HTTP/1.1 400 "))) << head;
    EXPECT_THAT(answer, Not(HasSubstr("smuggled"))) << head;
  }
  expect_alive();
}

TEST_F(HttpServerTest, KeepsNoEndlessTrailersAndChunkHeads) {
  serve();
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string piece : {"0\r\nX: y\r\n", "1;extension", "000000000000"}) {
    RawClient c = client();
    ASSERT_TRUE(c.send(start + piece));
    std::string more;
    while (more.size() < 100'000) more += piece.starts_with("0\r\n") ? "X: y\r\n" : piece.substr(2);
    c.send(more);
    EXPECT_THAT(c.read_to_end(), testing::ContainsRegex("^HTTP/1.1 4(31|00) ")) << piece;
  }
  expect_alive();
}

TEST_F(HttpServerTest, BoundsTheBodiesOfAllRequestsTogetherAndLetsSmallOnesThrough) {
  HttpServer::Options options;
  options.largest_bodies = 1 << 20;
  serve(options);
  std::vector<RawClient> large;
  int refused = 0;
  for (int i = 0; i < 4; ++i) {
    RawClient& c = large.emplace_back(listener_.port);
    c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + std::string(400'000, 'x'));
    if (c.read_until("HTTP/1.1 503 ", 300ms).ends_with("503 ")) ++refused;
  }
  EXPECT_EQ(refused, 2);
  expect_alive();
  large.clear();
  for (int i = 0; i < 100; ++i) {
    RawClient again = client();
    again.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n" + std::string(900'000, 'x'));
    if (again.read_until(">").find("body=900000") != std::string::npos) return;
    std::this_thread::sleep_for(20ms);
  }
  FAIL() << "the bodies of clients that are gone still count";
}

TEST_F(HttpServerTest, ClosesWhoeverKeepsItWaitingToMakeRoom) {
  HttpServer::Options options;
  options.max_connections = 4;
  serve(options);
  std::vector<RawClient> mute;
  for (int i = 0; i < 4; ++i) mute.emplace_back(listener_.port).send(i % 2 ? "POST / HT" : "");
  std::this_thread::sleep_for(1200ms);
  for (int i = 0; i < 3; ++i) expect_alive();
}

TEST_F(HttpServerTest, RequiresAHostInHttp11) {
  serve();
  RawClient c = client();
  ASSERT_TRUE(c.send("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_THAT(c.read_to_end(), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpServerTest, CutsOffAClientThatTrickles) {
  HttpServer::Options options;
  options.header_timeout = 300ms;
  options.body_timeout = 300ms;
  serve(options);
  for (const std::string start :
       {"GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n"}) {
    RawClient slow = client();
    ASSERT_TRUE(slow.send(start));
    const auto begin = std::chrono::steady_clock::now();
    while (!slow.closed() && std::chrono::steady_clock::now() - begin < 10s) {
      slow.send("x");
      slow.read_until("never", 50ms);
    }
    EXPECT_TRUE(slow.closed());
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  }
  expect_alive();
}

TEST_F(HttpServerTest, ClosesIdleConnections) {
  HttpServer::Options options;
  options.idle_timeout = 200ms;
  serve(options);
  RawClient c = client();
  ASSERT_TRUE(c.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_THAT(c.read_until(">"), HasSubstr("200 OK"));
  EXPECT_EQ(c.read_to_end(5s), "");
  EXPECT_TRUE(c.closed());
}

TEST_F(HttpServerTest, RefusesConnectionsBeyondItsLimitAndRecovers) {
  HttpServer::Options options;
  options.max_connections = 2;
  serve(options);
  {
    RawClient first = client(), second = client();
    for (RawClient* c : {&first, &second}) {
      ASSERT_TRUE(c->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
      ASSERT_THAT(c->read_until(">"), HasSubstr("200 OK"));
    }
    RawClient third = client();
    EXPECT_THAT(third.read_to_end(), StartsWith("HTTP/1.1 503 "));
  }
  for (int i = 0; i < 100; ++i) {
    RawClient again = client();
    again.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    if (again.read_to_end().starts_with("HTTP/1.1 200")) return;
    std::this_thread::sleep_for(20ms);
  }
  FAIL() << "the server did not take connections again";
}

TEST_F(HttpServerTest, AnswersOthersWhileHandlersBlock) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  HttpServer::Options options;
  options.handler_threads = 2;
  serve(options, [released](HttpRequest&& request) {
    if (request.path == "/block") released.wait();
    return echo(std::move(request));
  });
  RawClient blocked = client();
  ASSERT_TRUE(blocked.send("GET /block HTTP/1.1\r\nHost: h\r\n\r\n"));
  expect_alive();
  release.set_value();
  EXPECT_THAT(blocked.read_until(">"), HasSubstr("<GET /block"));
}

TEST_F(HttpServerTest, TurnsAnExceptionOfAHandlerIntoA500) {
  serve({}, [](HttpRequest&& request) -> HttpResponse {
    if (request.path == "/throw") throw std::runtime_error("oops");
    return echo(std::move(request));
  });
  RawClient c = client();
  ASSERT_TRUE(c.send("GET /throw HTTP/1.1\r\nHost: h\r\n\r\n"));
  const std::string answer = c.read_until("\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(answer, Not(HasSubstr("oops")));
  expect_alive();
}

TEST_F(HttpServerTest, LetsTheCallerShapeErrors) {
  HttpServer::Options options;
  options.largest_body = 10;
  options.on_http_error = [](int status, std::string_view, const HttpRequest& partial) {
    HttpResponse response = plain_response(
        status, "{\"target\":\"" + std::string(partial.headers.value_or("X-Amz-Target", "")) + "\"}");
    response.headers.set("Content-Type", "application/x-amz-json-1.1");
    return response;
  };
  serve(options);
  RawClient c = client();
  ASSERT_TRUE(c.send(
      "POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: TrentService.Encrypt\r\nContent-Length: 11\r\n\r\n"));
  const std::string answer = c.read_until("}");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answer, HasSubstr("application/x-amz-json-1.1"));
  EXPECT_THAT(answer, HasSubstr("TrentService.Encrypt"));
}

TEST_F(HttpServerTest, DoesNotLetAFieldValueForgeFields) {
  serve({}, [](HttpRequest&&) {
    HttpResponse response;
    response.headers.add("X-Echo", "a\r\nX-Forged: 1");
    return response;
  });
  RawClient c = client();
  ASSERT_TRUE(c.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  const std::string head = c.read_until("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("X-Echo: a"));
  EXPECT_THAT(head, Not(HasSubstr("\nX-Forged")));
}

TEST_F(HttpServerTest, FinishesWhatIsUnderWayWhenItStops) {
  std::promise<void> entered;
  serve({}, [&entered](HttpRequest&& request) {
    entered.set_value();
    std::this_thread::sleep_for(200ms);
    return echo(std::move(request));
  });
  RawClient idle = client();
  RawClient busy = client();
  ASSERT_TRUE(busy.send("GET /last HTTP/1.1\r\nHost: h\r\n\r\n"));
  entered.get_future().wait();
  auto stopping = std::async(std::launch::async, [this] { server_.stop(); });
  const std::string answer = busy.read_to_end();
  EXPECT_THAT(answer, HasSubstr("<GET /last"));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_EQ(idle.read_to_end(5s), "");
  EXPECT_TRUE(idle.closed());
  stopping.get();
}

TEST_F(HttpServerTest, StopsInTimeWithAClientThatNeverFinishes) {
  HttpServer::Options options;
  options.drain_timeout = 200ms;
  serve(options);
  RawClient stuck = client();
  ASSERT_TRUE(stuck.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc"));
  expect_alive();
  const auto begin = std::chrono::steady_clock::now();
  server_.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(HttpServerTest, LeavesTheListeningSocketOpenForItsSuccessor) {
  serve();
  expect_alive();
  server_.stop();
  RawClient waiting = client();
  ASSERT_TRUE(waiting.connected());
  ASSERT_TRUE(waiting.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n"));
  HttpServer successor;
  ASSERT_TRUE(successor.start(listener_.duplicate(), {}, echo));
  EXPECT_THAT(waiting.read_until(">"), HasSubstr("<GET /later"));
}

TEST_F(HttpServerTest, ServesManyClientsAtOnce) {
  HttpServer::Options options;
  options.io_threads = 2;
  serve(options);
  std::vector<std::future<int>> clients;
  for (int i = 0; i < 8; ++i)
    clients.push_back(std::async(std::launch::async, [this, i] {
      RawClient c = client();
      int right = 0;
      for (int n = 0; n < 100; ++n) {
        c.send(fmt::format("POST /{}/{} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab", i, n));
        if (c.read_until(">").find(fmt::format("<POST /{}/{} ", i, n)) != std::string::npos) ++right;
      }
      return right;
    }));
  for (auto& client : clients) EXPECT_EQ(client.get(), 100);
}

}  // namespace
}  // namespace coffer::wire
