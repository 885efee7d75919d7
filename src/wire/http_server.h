// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.0 and 1.1 server: keep-alive, pipelining in order, chunked bodies, Expect: 100-continue, TLS, and
// CONNECT tunnels that end here. Plain values in and out; Boost.Beast and Asio appear in http_server.cc
// alone.
//
// Handlers may block; what waits on a socket never holds a thread. Everything a client can make us keep or
// wait for has a bound.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "wire/http.h"
#include "wire/tls_contexts.h"

namespace coffer::wire {

class HttpServer {
 public:
  using Handler = std::function<HttpResponse(HttpRequest&&)>;
  // The answer for what never reaches a handler: 400, 403 (CONNECT), 413, 417, 431, 500 (a handler
  // threw), 501 (transfer coding), 503 (too many connections, too much in bodies), 505. `partial` holds what
  // was read of the request, perhaps nothing. Runs on a handler or an I/O thread, so it must not block.
  using ErrorShape =
      std::function<HttpResponse(int status, std::string_view reason, const HttpRequest& partial)>;

  struct Options {
    size_t largest_body = 8 * 1024 * 1024;
    size_t largest_bodies =
        256 * 1024 * 1024;  // of all requests at the same time; small ones are let through
    size_t largest_header = 16 * 1024;
    int io_threads = 1;
    int handler_threads = 64;  // they wait more than they work: for a commit, for keyd, for volumed
    // Requests whose handler takes little time but for what it waits for on a fiber (base/fiber.h): it runs
    // on the connection's own thread, beside others. None when not given. Pure.
    std::function<bool(const HttpRequest&)> is_brief;
    // Beyond them the one that has waited longest for its client is closed, if that is a second at least.
    size_t max_connections = 1024;
    std::chrono::milliseconds idle_timeout{75'000};    // between requests
    std::chrono::milliseconds header_timeout{10'000};  // for a whole header; for a TLS handshake
    std::chrono::milliseconds body_timeout{60'000};    // for a whole body
    std::chrono::milliseconds write_timeout{60'000};   // for a whole answer
    std::chrono::milliseconds drain_timeout{10'000};   // stop(): for requests under way
    ErrorShape on_http_error;                          // plain text when not given

    // Names under amazonaws.com are served through CONNECT when there is a source.
    CertificateSource certificates;
    // TLS on the listening socket itself, with the certificate for `tls_name`.
    bool tls_only = false;
    std::string tls_name = "localhost";
    // With tls_only: peers on this machine may speak without TLS, as HTTPS_PROXY clients do.
    bool plain_from_loopback = false;
  };

  HttpServer();
  ~HttpServer();  // stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Serves the listening socket (TCP or Unix stream) until stop(). The socket is not shut down at the end, so
  // that connections made while a daemon restarts wait in its queue. Once per object.
  Status start(FileDescriptor listening_socket, Options options, Handler handler);

  // Accepts no more, closes idle connections, answers what is under way for at most drain_timeout, and waits
  // for the handlers that have begun. Not from a handler. Calling it again does nothing.
  void stop();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace coffer::wire
