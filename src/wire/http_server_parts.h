// SPDX-License-Identifier: Apache-2.0
// The parts of HttpServer: what all connections share, and one connection. Only http_server.cc includes this,
// and with it Boost.
#pragma once
#include "wire/http_server.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <limits>
#include <thread>
#include <unordered_map>

#include "base/fiber.h"
#include "wire/http_beast.h"
#include "wire/received_bytes.h"

namespace coffer::wire {

inline constexpr size_t kReadSize = 16 * 1024;
inline constexpr std::chrono::seconds kLinger{2};
inline constexpr size_t kMostLingeringBytes = 64 * 1024 * 1024;
// A connection that has waited this long for its client may be closed to make room for another.
inline constexpr std::chrono::milliseconds kFairWait{1000};
// How late a timeout may be noticed.
inline constexpr std::chrono::milliseconds kDeadlineTick{50};
// Bodies up to this size are taken however much others send.
inline constexpr size_t kSmallBody = 64 * 1024;

inline constexpr int64_t kGivenUp = -1;
inline constexpr int64_t kNoDeadline = std::numeric_limits<int64_t>::max();

inline int64_t steady_now() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

class HttpServer::Implementation {
 public:
  Implementation(Options options, Handler handler)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        pool_(static_cast<size_t>(std::max(1, options_.handler_threads))),
        loops_(make_loops(std::max(1, options_.io_threads), pool_)),
        acceptor_(loops_.front()->io) {
    if (options_.certificates) tls_.emplace(options_.certificates, system_clock());
  }

  Status start(FileDescriptor listening_socket);
  void stop();

 private:
  class Connection;

  // One thread with its connections, and the fibers of their brief requests.
  struct Loop final : FiberHost {
    explicit Loop(asio::thread_pool& its_pool) : pool(its_pool) {}
    void post(Work work) override { asio::post(io, std::move(work)); }
    void offload(Work work) override { asio::post(pool, std::move(work)); }

    asio::thread_pool& pool;
    asio::io_context io{1};
    asio::executor_work_guard<Executor> keeps_running{io.get_executor()};
    std::thread thread;
  };
  using Loops = std::vector<std::unique_ptr<Loop>>;
  static Loops make_loops(int count, asio::thread_pool& pool);

  Task<void> accept_loop();
  Task<void> watch_deadlines();
  void admit(Loop& loop, Socket socket);
  void refuse_admission(Socket socket);
  std::shared_ptr<Connection> longest_waiting();
  HttpResponse handle(HttpRequest&& request);
  HttpResponse shape_error(int status, std::string_view reason, const HttpRequest& partial);
  bool wait_until_empty(std::chrono::milliseconds patience);
  void wait_for_fibers();
  void end_fiber();
  void close_connections(bool only_idle);
  std::vector<std::shared_ptr<Connection>> open_connections();

  // Functions that block, as coroutines of the handler pool.
  static asio::awaitable<HttpResponse> handle_in_pool(Implementation& server, HttpRequest request) {
    co_return server.handle(std::move(request));
  }
  static asio::awaitable<Result<TlsContexts::Context>> find_context_in_pool(Implementation& server,
                                                                            std::string host) {
    co_return server.tls_context(host);
  }
  Result<TlsContexts::Context> tls_context(const std::string& host);

  // Connections reach for the registry as they end, also those that end with their loop: so it comes first.
  std::mutex mutex_;  // of the registry
  std::condition_variable emptied_;
  std::unordered_map<Connection*, std::weak_ptr<Connection>> connections_;

  const Options options_;
  const Handler handler_;
  std::optional<TlsContexts> tls_;
  asio::thread_pool pool_;
  const Loops loops_;
  Acceptor acceptor_;  // on the first loop
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> closing_ = false;   // what has not begun will not
  std::atomic<size_t> fibers_ = 0;      // brief requests that are handled
  std::atomic<size_t> body_bytes_ = 0;  // of all requests that are received or handled
};

// One client connection, served by one coroutine on its loop.
class HttpServer::Implementation::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Implementation& server, Loop& loop, Socket socket)
      : server_(server), loop_(loop), peer_(peer_of(socket.native_handle())), socket_(std::move(socket)) {}
  ~Connection() {
    const std::lock_guard lock(server_.mutex_);
    server_.connections_.erase(this);
    if (server_.connections_.empty()) server_.emptied_.notify_all();
  }

  static Task<void> run(std::shared_ptr<Connection> self);
  auto executor() { return socket_.get_executor(); }
  void close_if(bool only_idle) {
    if (!only_idle || idle_) close();
  }
  // Since when the client owes us a request or the rest of one (steady_now()); not above 0 when it does not.
  int64_t waiting_since() const { return waiting_since_; }
  bool give_up_since(int64_t since) { return waiting_since_.compare_exchange_strong(since, kGivenUp); }
  // Its request may have come meanwhile.
  void close_if_given_up() {
    if (waiting_since_ == kGivenUp) close();
  }
  bool is_overdue() const { return deadline_ < steady_now(); }
  // What it waited for may have come meanwhile.
  void close_if_overdue() {
    if (is_overdue()) close();
  }

 private:
  enum class Next { kRequest, kClose, kTunnel };
  struct Received {
    bool ok = false;
    std::optional<Refusal> refusal;  // without one and not ok: the client is gone
  };

  // Counts a request's body among those of all connections, for as long as it lives.
  class BodyBytes {
   public:
    explicit BodyBytes(Implementation& server) : server_(server) {}
    ~BodyBytes() { server_.body_bytes_ -= counted_; }
    BodyBytes(const BodyBytes&) = delete;
    BodyBytes& operator=(const BodyBytes&) = delete;
    // False when there is no room for it.
    bool grow_to(size_t size) {
      const size_t total = server_.body_bytes_ += size - counted_;
      counted_ = size;
      return size <= kSmallBody || total <= server_.options_.largest_bodies;
    }

   private:
    Implementation& server_;
    size_t counted_ = 0;
  };

  Task<bool> is_plain_client();
  Task<void> serve(Transport& transport);
  Task<void> serve_tls(const std::string& host);
  Task<Next> serve_one(Transport& transport);
  Task<Next> open_tunnel(Transport& transport, const HttpRequest& request);
  Task<Received> receive_header(Transport& transport, Parser& parser);
  Task<Received> receive_body(Transport& transport, Parser& parser, BodyBytes& bytes);
  Task<bool> read_more(Transport& transport);
  Task<bool> send(Transport& transport, const HttpResponse& response, bool keep_alive, bool http10,
                  bool head);
  Task<void> refuse(Transport& transport, const Refusal& refusal, Parser& parser);
  Task<void> linger(Transport& transport);
  error_code parse(Parser& parser);
  Task<HttpResponse> answer(HttpRequest request);
  Task<HttpResponse> answer_on_fiber(HttpRequest request);
  void expires_after(std::chrono::nanoseconds time) { deadline_ = steady_now() + time.count(); }
  void expires_never() { deadline_ = kNoDeadline; }
  void close() {  // whatever waits for the socket ends
    error_code ignored;
    socket_.close(ignored);
  }

  Implementation& server_;
  Loop& loop_;
  const Peer peer_;
  Socket socket_;
  std::atomic<int64_t> deadline_ = kNoDeadline;  // steady_now() by when what is awaited must have come
  ReceivedBytes input_;
  bool idle_ = false;  // waits for a request's first byte; used on the loop only
  std::atomic<int64_t> waiting_since_ = steady_now();
  bool is_tls_ = false;
  std::string connect_host_;
};

}  // namespace coffer::wire
