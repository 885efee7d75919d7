// SPDX-License-Identifier: Apache-2.0
// Beside http_server.cc the one translation unit with Boost.Beast and Asio. All connections belong to one
// thread; callers wait for its answers.
#include "wire/https_client.h"

#include <openssl/ssl.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <charconv>
#include <deque>
#include <thread>

#include "base/log.h"

namespace coffer::wire {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using Outcome = tl::expected<HttpsAnswer, HttpsFailure>;
using Endpoints = std::vector<tcp::endpoint>;
using Moment = std::chrono::steady_clock::time_point;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr auto kIdleTime = std::chrono::seconds(20);
constexpr auto kAddressTime = std::chrono::seconds(60);
constexpr size_t kMostIdle = 16;   // connections to one host
constexpr size_t kMostHosts = 64;  // that are remembered; more than calls may be under way
constexpr uint32_t kLargestHeader = 16 << 10;

struct Connection {
  Connection(asio::io_context& io, asio::ssl::context& context)
      : buffer(), stream(beast::tcp_stream(io), context) {}
  beast::flat_buffer buffer;
  asio::ssl::stream<beast::tcp_stream> stream;
  Moment idle_since;
};

// A question to the name server; whoever waits for it may give up before it is answered.
struct Lookup {
  explicit Lookup(asio::io_context& io) : resolver(io), answered(io) {}
  tcp::resolver resolver;
  asio::steady_timer answered;  // cancelled when there is an answer
  bool done = false;
  Endpoints endpoints;
  Moment time;
};

struct Host {
  std::deque<std::unique_ptr<Connection>> idle;
  std::shared_ptr<Lookup> lookup;
  size_t calls = 0;
  Moment last_call;
};

std::optional<tcp::endpoint> parse_endpoint(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, problem] = std::from_chars(text.data() + colon + 1, end, port);
  error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error || problem != std::errc() || parsed != end || port == 0) return std::nullopt;
  return tcp::endpoint(ip, port);
}

http::request<http::string_body> as_beast(const HttpRequest& request) {
  http::request<http::string_body> message(http::verb::post, request.target, 11);
  for (const auto& [name, value] : request.headers) message.set(name, value);
  message.body() = as_text(request.body);
  message.keep_alive(true);
  message.prepare_payload();
  return message;
}

}  // namespace

class HttpsClient::Implementation {
 public:
  explicit Implementation(Options options) : options_(std::move(options)) {}
  ~Implementation() {
    work_.reset();
    io_.stop();
    if (thread_.joinable()) thread_.join();
    hosts_.clear();  // connections go before what they are registered with
  }

  Status start() {
    for (const auto& [host, address] : options_.connect_to) {
      const auto endpoint = parse_endpoint(address);
      if (!endpoint)
        return fail(ErrorKind::kInvalidArgument,
                    "'" + address + "', where " + host + " is to be found, is no ADDRESS:PORT");
      fixed_.emplace(host, Endpoints{*endpoint});
    }
    error_code error;
    context_.set_default_verify_paths(error);  // a system without authorities has the operator's alone
    if (!options_.authorities_pem.empty())
      context_.add_certificate_authority(asio::buffer(options_.authorities_pem), error);
    if (!options_.authorities_pem.empty() && error)
      return fail(ErrorKind::kInvalidArgument, "certificates of authorities: " + error.message());
    SSL_CTX_set_min_proto_version(context_.native_handle(), TLS1_2_VERSION);
    context_.set_verify_mode(asio::ssl::verify_peer);
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  Outcome post(const HttpRequest& request) {
    const std::string host(request.headers.value_or("Host", ""));
    auto answer = asio::co_spawn(io_, call(host, as_beast(request)), asio::use_future);
    return answer.get();
  }

  size_t remembered_hosts() const { return remembered_; }

 private:
  // Counts a call while it is under way.
  struct Turn {
    Turn(size_t& all_calls, std::shared_ptr<Host> of) : all(++all_calls), host(std::move(of)) {
      ++host->calls;
    }
    ~Turn() {
      --all;
      --host->calls;
    }
    size_t& all;
    const std::shared_ptr<Host> host;  // outlives the map of them
  };

  asio::awaitable<Outcome> call(std::string name, http::request<http::string_body> request) {
    if (calls_ >= options_.most_calls) co_return tl::unexpected(HttpsFailure::kBusy);
    const auto known = host_of(name);
    if (known->calls >= options_.most_calls_to_a_host) co_return tl::unexpected(HttpsFailure::kBusy);
    const Turn turn(calls_, known);
    Host& host = *turn.host;
    const Moment deadline = std::chrono::steady_clock::now() + options_.timeout;
    if (auto connection = take_idle(host)) {
      bool untouched = false;
      Outcome answer = co_await exchange(host, std::move(connection), request, deadline, untouched);
      if (answer || !untouched) co_return answer;
      host.idle.clear();  // the server has let go of the others too
    }
    auto connected = co_await connect(name, host, deadline);
    if (!connected) co_return tl::unexpected(connected.error());
    bool untouched = false;
    co_return co_await exchange(host, std::move(*connected), request, deadline, untouched);
  }

  // Whoever creates key stores names the hosts: those that were called longest ago make room.
  std::shared_ptr<Host> host_of(const std::string& name) {
    const auto found = hosts_.find(name);
    if (found == hosts_.end() && hosts_.size() >= kMostHosts) forget_a_host();
    auto& host = found == hosts_.end() ? hosts_[name] : found->second;
    if (!host) host = std::make_shared<Host>();
    host->last_call = std::chrono::steady_clock::now();
    remembered_ = hosts_.size();
    return host;
  }

  void forget_a_host() {
    auto oldest = hosts_.end();
    for (auto each = hosts_.begin(); each != hosts_.end(); ++each)
      if (each->second->calls == 0 &&
          (oldest == hosts_.end() || each->second->last_call < oldest->second->last_call))
        oldest = each;
    if (oldest != hosts_.end()) hosts_.erase(oldest);
  }

  static std::unique_ptr<Connection> take_idle(Host& host) {
    const Moment oldest = std::chrono::steady_clock::now() - kIdleTime;
    while (!host.idle.empty() && host.idle.front()->idle_since < oldest) host.idle.pop_front();
    if (host.idle.empty()) return nullptr;
    auto connection = std::move(host.idle.back());
    host.idle.pop_back();
    return connection;
  }

  // `untouched`: the connection had ended before the request, which may be sent again.
  asio::awaitable<Outcome> exchange(Host& host, std::unique_ptr<Connection> connection,
                                    http::request<http::string_body>& request, Moment deadline,
                                    bool& untouched) {
    auto& stream = connection->stream;
    stream.next_layer().expires_at(deadline);
    const auto [write_error, written] = co_await http::async_write(stream, request, kNoThrow);
    if (write_error) {
      untouched = write_error != beast::error::timeout;
      co_return tl::unexpected(untouched ? HttpsFailure::kUnreachable : HttpsFailure::kTimeout);
    }
    http::response_parser<http::string_body> parser;
    parser.header_limit(kLargestHeader);
    parser.body_limit(options_.largest_answer);
    const auto [error, read] = co_await http::async_read(stream, connection->buffer, parser, kNoThrow);
    if (error == beast::error::timeout) co_return tl::unexpected(HttpsFailure::kTimeout);
    if (error) {
      untouched = read == 0;
      co_return tl::unexpected(read == 0 ? HttpsFailure::kUnreachable : HttpsFailure::kMalformed);
    }
    HttpsAnswer answer{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
    if (parser.keep_alive() && connection->buffer.size() == 0 && host.idle.size() < kMostIdle) {
      stream.next_layer().expires_never();
      connection->idle_since = std::chrono::steady_clock::now();
      host.idle.push_back(std::move(connection));
    }
    co_return answer;
  }

  using Connected = tl::expected<std::unique_ptr<Connection>, HttpsFailure>;
  asio::awaitable<Connected> connect(const std::string& name, Host& host, Moment deadline) {
    const auto endpoints = co_await find(name, host, deadline);
    if (!endpoints) co_return tl::unexpected(endpoints.error());
    auto connection = std::make_unique<Connection>(io_, context_);
    auto& stream = connection->stream;
    stream.next_layer().expires_at(deadline);
    const auto [connect_error, endpoint] = co_await stream.next_layer().async_connect(*endpoints, kNoThrow);
    if (connect_error) {
      host.lookup.reset();  // it may have moved
      co_return tl::unexpected(HttpsFailure::kUnreachable);
    }
    stream.next_layer().socket().set_option(tcp::no_delay(true));
    stream.set_verify_callback(asio::ssl::host_name_verification(name));
    if (SSL_set_tlsext_host_name(stream.native_handle(), name.c_str()) != 1)
      co_return tl::unexpected(HttpsFailure::kTls);
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::client, kNoThrow);
    if (error == beast::error::timeout) co_return tl::unexpected(HttpsFailure::kTimeout);
    if (error) {
      log_warning("TLS to {}: {}", name, error.message());
      co_return tl::unexpected(HttpsFailure::kTls);
    }
    co_return connection;
  }

  asio::awaitable<tl::expected<Endpoints, HttpsFailure>> find(const std::string& name, Host& host,
                                                              Moment deadline) {
    if (const auto fixed = fixed_.find(name); fixed != fixed_.end()) co_return fixed->second;
    const bool stale = host.lookup && host.lookup->done &&
                       (host.lookup->endpoints.empty() ||
                        host.lookup->time < std::chrono::steady_clock::now() - kAddressTime);
    if (!host.lookup || stale) host.lookup = look_up(name, deadline);
    const auto lookup = host.lookup;
    if (!lookup->done) (void)co_await lookup->answered.async_wait(kNoThrow);
    if (!lookup->done) co_return tl::unexpected(HttpsFailure::kUnreachable);
    if (lookup->endpoints.empty()) co_return tl::unexpected(HttpsFailure::kUnreachable);
    co_return lookup->endpoints;
  }

  // The name server may take its time, and cannot be interrupted: nobody waits for it beyond `deadline`.
  std::shared_ptr<Lookup> look_up(const std::string& name, Moment deadline) {
    auto lookup = std::make_shared<Lookup>(io_);
    lookup->answered.expires_at(deadline);
    lookup->resolver.async_resolve(name, "443", [lookup](error_code error, const auto& results) {
      lookup->done = true;
      lookup->time = std::chrono::steady_clock::now();
      if (!error)
        for (const auto& result : results) lookup->endpoints.push_back(result.endpoint());
      lookup->answered.cancel();
    });
    return lookup;
  }

  const Options options_;
  std::map<std::string, Endpoints> fixed_;
  asio::ssl::context context_{asio::ssl::context::tls_client};
  // Of the thread. Calls that are cut off end with io_, which therefore is destroyed first.
  std::map<std::string, std::shared_ptr<Host>> hosts_;
  size_t calls_ = 0;
  std::atomic<size_t> remembered_ = 0;  // hosts, for whoever asks
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::thread thread_;
};

HttpsClient::HttpsClient(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

HttpsClient::~HttpsClient() = default;

Result<std::unique_ptr<HttpsClient>> HttpsClient::start(Options options) {
  auto implementation = std::make_unique<Implementation>(std::move(options));
  COFFER_CHECK(implementation->start());
  return std::unique_ptr<HttpsClient>(new HttpsClient(std::move(implementation)));
}

size_t HttpsClient::remembered_hosts() const {
  return implementation_->remembered_hosts();
}

tl::expected<HttpsAnswer, HttpsFailure> HttpsClient::post(const HttpRequest& request) {
  try {
    return implementation_->post(request);
  } catch (const std::exception& exception) {
    log_warning("HTTPS: {}", exception.what());
    return tl::unexpected(HttpsFailure::kUnreachable);
  }
}

}  // namespace coffer::wire
