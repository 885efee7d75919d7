// SPDX-License-Identifier: Apache-2.0
// What http_server.cc builds on from Boost, and the two ways to carry bytes with it. Included there alone:
// Boost.Beast and Asio take long to compile.
#pragma once
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/vector_body.hpp>
#include <string>

#include "wire/http.h"
#include "wire/http_peer.h"
#include "wire/tls_contexts.h"

namespace coffer::wire {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

using Protocol = asio::generic::stream_protocol;
// Of one loop, which one thread runs: what belongs to a connection needs no lock.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<Protocol, Executor>;
using Acceptor = asio::basic_socket_acceptor<Protocol, Executor>;
using Parser = http::request_parser<http::vector_body<uint8_t>>;

template <class T>
using Task = asio::awaitable<T, Executor>;
inline constexpr asio::use_awaitable_t<Executor> kAwait;
inline constexpr auto kNoThrow = asio::as_tuple(kAwait);

// What a request is answered on: the socket itself, or TLS over it. One coroutine uses it.
class Transport {
 public:
  virtual ~Transport() = default;
  // 0 at the end of the stream and on any error, that of a socket closed meanwhile included.
  virtual Task<size_t> read_some(asio::mutable_buffer buffer) = 0;
  virtual Task<bool> write(std::array<asio::const_buffer, 2> buffers) = 0;
  virtual Task<void> finish() = 0;  // says that nothing more will be written
};

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(Socket& socket) : socket_(socket) {}
  Task<size_t> read_some(asio::mutable_buffer buffer) override {
    const auto [error, size] = co_await socket_.async_read_some(buffer, kNoThrow);
    co_return error ? 0 : size;
  }
  Task<bool> write(std::array<asio::const_buffer, 2> buffers) override {
    const auto [error, size] = co_await asio::async_write(socket_, buffers, kNoThrow);
    co_return !error;
  }
  Task<void> finish() override {
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    co_return;
  }

 private:
  Socket& socket_;
};

class TlsTransport final : public Transport {
 public:
  // The SSL object made here keeps its own reference to `context`.
  TlsTransport(Socket& socket, const TlsContexts::Context& context)
      : context_(lend(context)), stream_(socket, context_) {}

  // `received` came in before TLS began.
  Task<bool> handshake(asio::const_buffer received) {
    const auto [error, used] =
        co_await stream_.async_handshake(asio::ssl::stream_base::server, received, kNoThrow);
    co_return !error;
  }
  Task<size_t> read_some(asio::mutable_buffer buffer) override {
    const auto [error, size] = co_await stream_.async_read_some(buffer, kNoThrow);
    co_return error ? 0 : size;
  }
  Task<bool> write(std::array<asio::const_buffer, 2> buffers) override {
    const auto [error, size] = co_await asio::async_write(stream_, buffers, kNoThrow);
    co_return !error;
  }
  Task<void> finish() override {
    const auto [error] = co_await stream_.async_shutdown(kNoThrow);
    (void)error;
  }

 private:
  // asio's context frees what it is given, hence a reference for it.
  static SSL_CTX* lend(const TlsContexts::Context& context) {
    SSL_CTX_up_ref(context.get());
    return context.get();
  }
  asio::ssl::context context_;
  asio::ssl::stream<Socket&> stream_;
};

struct Refusal {
  int status;
  std::string_view reason;
};

inline Refusal refusal_of(error_code error) {
  if (error == http::error::body_limit) return {413, "The request body is too large."};
  if (error == http::error::header_limit) return {431, "The request header is too large."};
  if (error == http::error::bad_version) return {505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
  return {400, "The request is not well-formed HTTP."};
}

inline HttpRequest to_request(Parser& parser, const Peer& peer, bool is_tls,
                              const std::string& connect_host) {
  HttpRequest request;
  auto& message = parser.get();
  request.method = std::string(message.method_string());
  request.set_target(std::string(message.target()));
  for (const auto& field : message)
    request.headers.add(std::string(field.name_string()), std::string(field.value()));
  request.body = std::move(message.body());
  request.peer_address = peer.address;
  request.peer_user = peer.user;
  request.is_tls = is_tls;
  request.connect_host = connect_host;
  return request;
}

}  // namespace coffer::wire
