// SPDX-License-Identifier: Apache-2.0
// Beside https_client.cc the one translation unit with Boost.Beast and Asio: they take long to compile.
#include "wire/http_server_parts.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/log.h"
#include "wire/connect_target.h"
#include "wire/http_response_head.h"

namespace coffer::wire {

Task<void> HttpServer::Implementation::Connection::run(std::shared_ptr<Connection> self) {
  const Options& options = self->server_.options_;
  if (options.tls_only && !(options.plain_from_loopback && co_await self->is_plain_client())) {
    co_await self->serve_tls(options.tls_name);
  } else {
    PlainTransport transport(self->socket_);
    co_await self->serve(transport);
  }
}

// A TLS client's first byte is the handshake record's type, 22.
Task<bool> HttpServer::Implementation::Connection::is_plain_client() {
  if (!peer_.loopback) co_return false;
  expires_after(server_.options_.header_timeout);
  PlainTransport transport(socket_);
  idle_ = true;
  const bool received = co_await read_more(transport);
  idle_ = false;
  co_return received&& input_.view().front() != 22;
}

Task<void> HttpServer::Implementation::Connection::serve(Transport& transport) {
  Next next = Next::kRequest;
  while (next == Next::kRequest) next = co_await serve_one(transport);
  if (next == Next::kTunnel) co_await serve_tls(connect_host_);
}

Task<void> HttpServer::Implementation::Connection::serve_tls(const std::string& host) {
  // Found already, and cached, when a CONNECT led here.
  const auto context = co_await asio::co_spawn(server_.pool_, find_context_in_pool(server_, host), kAwait);
  if (!context) {
    log_warning("no TLS certificate for {}: {}", host, context.error().message);
    co_return;
  }
  is_tls_ = true;
  TlsTransport transport(socket_, *context);
  const std::string received = input_.release();
  expires_after(server_.options_.header_timeout);
  if (!co_await transport.handshake(asio::buffer(received))) co_return;
  Next next = Next::kRequest;
  while (next == Next::kRequest) next = co_await serve_one(transport);
}

Task<bool> HttpServer::Implementation::Connection::read_more(Transport& transport) {
  const std::span<char> room = input_.room(kReadSize);
  const size_t size = co_await transport.read_some(asio::buffer(room.data(), room.size()));
  input_.add(size);
  co_return size > 0;
}

error_code HttpServer::Implementation::Connection::parse(Parser& parser) {
  error_code error;
  const size_t used = parser.put(asio::buffer(input_.view()), error);
  input_.remove_front(used);
  return error;
}

Task<HttpServer::Implementation::Connection::Received> HttpServer::Implementation::Connection::receive_header(
    Transport& transport, Parser& parser) {
  waiting_since_ = steady_now();
  if (input_.empty()) {
    input_.shrink_when_empty(kReadSize);
    idle_ = true;
    expires_after(server_.options_.idle_timeout);
    const bool received = !server_.stopping_ && co_await read_more(transport);
    idle_ = false;
    if (!received) co_return Received{};
  }
  expires_after(server_.options_.header_timeout);
  while (input_.view().starts_with("\r\n")) input_.remove_front(2);  // RFC 9112 section 2.2
  bool more = input_.empty();
  while (!parser.is_header_done()) {
    if (more && !co_await read_more(transport)) co_return Received{};  // gone, or too slow
    const error_code error = parse(parser);
    more = error == http::error::need_more;
    if (error && !more) co_return Received{false, refusal_of(error)};
  }
  co_return Received{true, {}};
}

Task<HttpServer::Implementation::Connection::Received> HttpServer::Implementation::Connection::receive_body(
    Transport& transport, Parser& parser, BodyBytes& bytes) {
  // Beast reads other codings than `chunked`, and chunks of HTTP/1.0, as no body at all: what the client
  // meant as the body would be taken for its next request (RFC 9112 section 6.1).
  const auto codings = parser.get().count(http::field::transfer_encoding);
  const std::string_view coding(parser.get()[http::field::transfer_encoding]);
  if (codings > 1 ||
      (codings == 1 && (parser.get().version() < 11 || !equal_ignoring_case(coding, "chunked"))))
    co_return Received{false, Refusal{501, "Only the chunked transfer coding is understood."}};
  expires_after(server_.options_.body_timeout);
  parser.eager(true);
  const std::string_view expect(parser.get()[http::field::expect]);
  if (!expect.empty() && !parser.is_done() && parser.get().version() >= 11) {
    if (!equal_ignoring_case(expect, "100-continue"))
      co_return Received{false, Refusal{417, "The expectation cannot be met."}};
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(go_on), asio::const_buffer()};
    if (input_.empty() && !co_await transport.write(buffers)) co_return Received{};
  }
  bool more = input_.empty();
  while (!parser.is_done()) {
    // What the parser leaves is the head of a chunk or the trailer, which must not grow without end.
    if (input_.size() > server_.options_.largest_header)
      co_return Received{false, Refusal{431, "The request trailer is too large."}};
    if (more && !co_await read_more(transport)) co_return Received{};
    const error_code error = parse(parser);
    more = error == http::error::need_more || input_.empty();
    if (error && error != http::error::need_more) co_return Received{false, refusal_of(error)};
    if (!bytes.grow_to(parser.get().body().size()))
      co_return Received{false, Refusal{503, "Too much is being received at the moment."}};
  }
  co_return Received{true, {}};
}

Task<bool> HttpServer::Implementation::Connection::send(Transport& transport, const HttpResponse& response,
                                                        bool keep_alive, bool http10, bool head) {
  const std::string text = response_head(response, keep_alive, http10);
  const bool bodiless = head || response.status == 204 || response.status == 304;
  const std::array<asio::const_buffer, 2> buffers = {
      asio::buffer(text), bodiless ? asio::const_buffer() : asio::buffer(response.body)};
  expires_after(server_.options_.write_timeout);
  co_return co_await transport.write(buffers);
}

Task<void> HttpServer::Implementation::Connection::refuse(Transport& transport, const Refusal& refusal,
                                                          Parser& parser) {
  const HttpRequest partial = to_request(parser, peer_, is_tls_, connect_host_);
  const HttpResponse response = server_.shape_error(refusal.status, refusal.reason, partial);
  if (co_await send(transport, response, false, false, partial.method == "HEAD")) co_await linger(transport);
}

// Closing a socket with unread input resets the connection, and the client may lose the answer it was just
// sent. So say that we are done and read for a moment what still comes.
Task<void> HttpServer::Implementation::Connection::linger(Transport& transport) {
  expires_after(kLinger);
  co_await transport.finish();
  PlainTransport raw(socket_);
  std::array<char, kReadSize> discarded;
  for (size_t total = 0; total < kMostLingeringBytes;) {
    const size_t size = co_await raw.read_some(asio::buffer(discarded));
    if (size == 0) break;
    total += size;
  }
}

Task<HttpServer::Implementation::Connection::Next> HttpServer::Implementation::Connection::serve_one(
    Transport& transport) {
  Parser parser;
  parser.header_limit(static_cast<uint32_t>(server_.options_.largest_header));
  parser.body_limit(server_.options_.largest_body);
  BodyBytes bytes(server_);
  Received received = co_await receive_header(transport, parser);
  if (received.ok) received = co_await receive_body(transport, parser, bytes);
  waiting_since_ = 0;
  if (received.ok && parser.get().version() >= 11 && parser.get().count(http::field::host) != 1)
    received = Received{false, Refusal{400, "A request has one Host header field."}};
  if (received.refusal) co_await refuse(transport, *received.refusal, parser);
  if (!received.ok) co_return Next::kClose;

  bool keep_alive = parser.keep_alive();
  const bool http10 = parser.get().version() < 11;
  HttpRequest request = to_request(parser, peer_, is_tls_, connect_host_);
  if (request.method == "CONNECT") co_return co_await open_tunnel(transport, request);

  const bool head = request.method == "HEAD";
  expires_never();
  const HttpResponse response = co_await answer(std::move(request));
  keep_alive = keep_alive && !server_.stopping_;
  if (!co_await send(transport, response, keep_alive, http10, head)) co_return Next::kClose;
  if (keep_alive) co_return Next::kRequest;
  co_await linger(transport);
  co_return Next::kClose;
}

Task<HttpResponse> HttpServer::Implementation::Connection::answer(HttpRequest request) {
  const auto& is_brief = server_.options_.is_brief;
  if (is_brief && Fiber::offered() && is_brief(request))
    co_return co_await answer_on_fiber(std::move(request));
  co_return co_await asio::co_spawn(server_.pool_, handle_in_pool(server_, std::move(request)), kAwait);
}

// On this thread, where the request was read: handing it to another costs more than most of what is done.
Task<HttpResponse> HttpServer::Implementation::Connection::answer_on_fiber(HttpRequest request) {
  server_.fibers_ += 1;  // before it is asked whether it may begin: wait_for_fibers() sees one or the other
  if (server_.closing_) {
    server_.end_fiber();
    co_return server_.shape_error(503, "The server is stopping.", request);
  }
  HttpResponse response;
  const auto start = [&](auto handler) {
    const auto go_on = std::make_shared<decltype(handler)>(std::move(handler));
    Fiber::start(
        loop_, [&] { response = server_.handle(std::move(request)); },
        [this, go_on] {
          server_.end_fiber();
          asio::post(loop_.io, std::move(*go_on));
        });
  };
  auto token = kAwait;
  co_await asio::async_initiate<decltype(token), void()>(start, token);
  co_return response;
}

Task<HttpServer::Implementation::Connection::Next> HttpServer::Implementation::Connection::open_tunnel(
    Transport& transport, const HttpRequest& request) {
  HttpResponse refusal;
  if (is_tls_ || !server_.tls_) {
    refusal = server_.shape_error(403, "CONNECT is not served on this connection.", request);
  } else if (const auto host = parse_connect_target(request.target); !host) {
    refusal = server_.shape_error(403, fmt::format("CONNECT refused: {}.", host.error().message), request);
  } else {
    expires_never();
    const auto context = co_await asio::co_spawn(server_.pool_, find_context_in_pool(server_, *host), kAwait);
    if (context) {
      static constexpr std::string_view established = "HTTP/1.1 200 Connection established\r\n\r\n";
      const std::array<asio::const_buffer, 2> buffers = {asio::buffer(established), asio::const_buffer()};
      expires_after(server_.options_.write_timeout);
      connect_host_ = *host;
      co_return co_await transport.write(buffers) ? Next::kTunnel : Next::kClose;
    }
    log_warning("no certificate for {}: {}", *host, context.error().message);
    refusal = server_.shape_error(503, "No certificate can be issued now.", request);
  }
  if (co_await send(transport, refusal, false, false, false)) co_await linger(transport);
  co_return Next::kClose;
}

Result<TlsContexts::Context> HttpServer::Implementation::tls_context(const std::string& host) {
  if (!tls_) return fail(ErrorKind::kUnavailable, "no source of certificates");
  try {
    return tls_->get(host);
  } catch (const std::exception& exception) {
    return fail(ErrorKind::kInternal, exception.what());
  }
}

HttpResponse HttpServer::Implementation::shape_error(int status, std::string_view reason,
                                                     const HttpRequest& partial) {
  try {
    if (options_.on_http_error) return options_.on_http_error(status, reason, partial);
  } catch (const std::exception& exception) {
    log_error("shaping an HTTP error failed: {}", exception.what());
  }
  return plain_response(status, reason);
}

HttpResponse HttpServer::Implementation::handle(HttpRequest&& request) {
  try {
    return handler_(std::move(request));
  } catch (const std::exception& exception) {
    log_error("a handler threw: {}", exception.what());
  } catch (...) {
    log_error("a handler threw");
  }
  return shape_error(500, "Internal error.", HttpRequest{});
}

void HttpServer::Implementation::refuse_admission(Socket socket) {
  const HttpResponse response = shape_error(503, "Too many connections.", HttpRequest{});
  const std::string text = response_head(response, false, false) + response.body;
  // One try, without waiting: a new socket's buffer is empty. A TLS client just sees the end.
  if (!options_.tls_only)
    (void)::send(socket.native_handle(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  error_code ignored;
  socket.shutdown(Socket::shutdown_send, ignored);
}

// Whoever connects and then says nothing, or says it a byte at a time, must not keep others out. Under
// mutex_, so that no connection goes meanwhile; what it returns is to be closed, and released, without it.
std::shared_ptr<HttpServer::Implementation::Connection> HttpServer::Implementation::longest_waiting() {
  Connection* longest = nullptr;
  int64_t since = steady_now() - std::chrono::nanoseconds(kFairWait).count();
  for (const auto& [connection, weak] : connections_) {
    const int64_t waiting = connection->waiting_since();
    if (waiting <= 0 || waiting >= since) continue;
    longest = connection;
    since = waiting;
  }
  if (longest == nullptr || !longest->give_up_since(since)) return nullptr;
  return connections_.at(longest).lock();
}

void HttpServer::Implementation::admit(Loop& loop, Socket socket) {
  const int enable = 1;
  (void)::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &enable, sizeof enable);
  std::shared_ptr<Connection> connection, replaced;
  {
    const std::lock_guard lock(mutex_);
    const size_t most = options_.max_connections;
    if (connections_.size() >= most) replaced = longest_waiting();
    // Those that are given up need a moment to go.
    const bool room = connections_.size() < (replaced ? most + most / 8 + 1 : most);
    if (!stopping_ && room) {
      connection = std::make_shared<Connection>(*this, loop, std::move(socket));
      connections_.emplace(connection.get(), connection);
    }
  }
  if (replaced) asio::post(replaced->executor(), [replaced] { replaced->close_if_given_up(); });
  if (!connection) return refuse_admission(std::move(socket));
  const auto executor = connection->executor();
  asio::co_spawn(executor, Connection::run(std::move(connection)), [](std::exception_ptr problem) {
    if (problem) log_error("a connection ended by an exception");
  });
}

HttpServer::Implementation::Loops HttpServer::Implementation::make_loops(int count, asio::thread_pool& pool) {
  Loops loops;
  for (int i = 0; i < count; ++i) loops.push_back(std::make_unique<Loop>(pool));
  return loops;
}

// Connections go to the loops in turn.
Task<void> HttpServer::Implementation::accept_loop() {
  asio::steady_timer pause(loops_.front()->io);
  for (size_t turn = 0; !stopping_;) {
    Loop& loop = *loops_[turn % loops_.size()];
    auto [error, socket] = co_await acceptor_.async_accept(loop.io.get_executor(), kNoThrow);
    if (!error) {
      admit(loop, std::move(socket));
      ++turn;
    } else if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) {
      co_return;
    } else {
      // Out of descriptors, most likely: let some connections end first.
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(kNoThrow);
    }
  }
}

std::vector<std::shared_ptr<HttpServer::Implementation::Connection>>
HttpServer::Implementation::open_connections() {
  std::vector<std::shared_ptr<Connection>> open;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, weak] : connections_)
    if (auto connection = weak.lock()) open.push_back(std::move(connection));
  return open;
}

// One look at all deadlines now and then: a timer for each read and each write costs more than both.
Task<void> HttpServer::Implementation::watch_deadlines() {
  asio::steady_timer tick(loops_.front()->io);
  while (true) {
    tick.expires_after(kDeadlineTick);
    co_await tick.async_wait(kNoThrow);
    for (const auto& loop : loops_)
      loop->post([&own = *loop] { own.wake_overdue(std::chrono::steady_clock::now()); });
    for (auto& connection : open_connections())
      if (connection->is_overdue())
        asio::post(connection->executor(), [connection] { connection->close_if_overdue(); });
  }
}

Status HttpServer::Implementation::start(FileDescriptor listening_socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(listening_socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return fail_errno("getsockname");
  int listening = 0;
  socklen_t length = sizeof listening;
  if (::getsockopt(listening_socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 || !listening)
    return fail(ErrorKind::kInvalidArgument, "the HTTP socket is not a listening one");
  if (options_.tls_only && !tls_)
    return fail(ErrorKind::kInvalidArgument, "TLS needs a source of certificates");

  error_code error;
  acceptor_.assign(Protocol(address.ss_family, 0), listening_socket.get(), error);
  if (!error) {
    listening_socket.release();
    acceptor_.non_blocking(true, error);
  }
  if (error) return fail(ErrorKind::kIo, "listening socket: " + error.message());
  asio::co_spawn(loops_.front()->io, accept_loop(), asio::detached);
  asio::co_spawn(loops_.front()->io, watch_deadlines(), asio::detached);
  for (const auto& loop : loops_) loop->thread = std::thread([&own = *loop] { own.io.run(); });
  return {};
}

void HttpServer::Implementation::close_connections(bool only_idle) {
  for (auto& connection : open_connections())
    asio::post(connection->executor(), [connection, only_idle] { connection->close_if(only_idle); });
}

bool HttpServer::Implementation::wait_until_empty(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, patience, [this] { return connections_.empty(); });
}

void HttpServer::Implementation::end_fiber() {
  fibers_ -= 1;
  fibers_.notify_all();
}

// Each waits for a while at most: for keyd, for a commit.
void HttpServer::Implementation::wait_for_fibers() {
  for (size_t left = fibers_; left != 0; left = fibers_) fibers_.wait(left);
}

void HttpServer::Implementation::stop() {
  if (stopping_.exchange(true)) return;
  if (!loops_.front()->thread.joinable()) return;
  asio::post(loops_.front()->io, [this] {
    error_code ignored;
    acceptor_.close(ignored);
  });
  close_connections(true);
  const bool empty = wait_until_empty(options_.drain_timeout);
  closing_ = true;
  if (!empty) close_connections(false);
  wait_for_fibers();
  pool_.join();
  wait_until_empty(std::chrono::seconds(1));
  for (const auto& loop : loops_) {
    loop->keeps_running.reset();
    loop->io.stop();
    loop->thread.join();
  }
}

HttpServer::HttpServer() = default;

HttpServer::~HttpServer() {
  stop();
}

Status HttpServer::start(FileDescriptor listening_socket, Options options, Handler handler) {
  if (implementation_) return fail(ErrorKind::kConflict, "the HTTP server was started before");
  try {
    implementation_ = std::make_unique<Implementation>(std::move(options), std::move(handler));
    return implementation_->start(std::move(listening_socket));
  } catch (const std::exception& exception) {
    return fail(ErrorKind::kInternal, std::string("HTTP server: ") + exception.what());
  }
}

void HttpServer::stop() {
  if (implementation_) implementation_->stop();
}

}  // namespace coffer::wire
