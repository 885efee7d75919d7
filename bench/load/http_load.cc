// SPDX-License-Identifier: Apache-2.0
// A client that keeps many connections busy with one request each, from one thread, and signs every request
// anew (SigV4) if it has credentials. Prints a line of figures: requests a second, the median and the 99th
// percentile of latency, and how many answers were no success. For bench/kms_throughput.py.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/encoding.h"
#include "crypto/mac.h"
#include "secret/secret_bytes.h"

namespace {

using coffer::as_bytes;
using Clock = std::chrono::steady_clock;
using coffer::secret::SecretBytes;

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "http_load: %s\n", why.c_str());
  std::exit(1);
}

struct Options {
  uint16_t port = 0;
  size_t connections = 64;
  double seconds = 5;
  uint64_t calls = UINT64_MAX;  // no more than that
  std::string path = "/";
  std::string target;  // X-Amz-Target; empty: GET
  std::string body;
  std::string credentials_file;  // an access key id and a secret, a line each; empty: unsigned
  std::string region = "us-west-2", service = "kms";
};

std::string sha256(std::string_view text) {
  return coffer::hex(coffer::crypto::sha256(as_bytes(text)));
}

SecretBytes hmac(const SecretBytes& key, std::string_view text) {
  return coffer::crypto::hmac_sha256_secret(key, as_bytes(text));
}

// The way of one request to bytes; SigV4 as the IAM User Guide has it, over the headers that are sent.
class Requests {
 public:
  explicit Requests(const Options& options)
      : options_(options), host_(fmt::format("127.0.0.1:{}", options.port)) {
    if (options.credentials_file.empty()) return;
    std::ifstream file(options.credentials_file);
    std::string secret;
    if (!std::getline(file, access_key_id_) || !std::getline(file, secret))
      stop("no credentials in that file");
    date_ = coffer::basic_iso8601(coffer::system_clock().now());
    scope_ = fmt::format("{}/{}/{}/aws4_request", date_.substr(0, 8), options.region, options.service);
    signing_key_ = SecretBytes::copy_of(as_bytes("AWS4" + secret));
    for (const std::string& step :
         {date_.substr(0, 8), options.region, options.service, std::string("aws4_request")})
      signing_key_ = hmac(signing_key_, step);
  }

  std::string next() {
    if (options_.target.empty())
      return fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", options_.path, host_);
    const std::string date = coffer::basic_iso8601(coffer::system_clock().now());
    const std::string authorization = access_key_id_.empty() ? "" : "Authorization: " + sign(date) + "\r\n";
    return fmt::format(
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Date: {}\r\n"
        "X-Amz-Target: {}\r\n{}Content-Length: {}\r\n\r\n{}",
        host_, date, options_.target, authorization, options_.body.size(), options_.body);
  }

 private:
  std::string sign(const std::string& date) const {
    const std::string canonical = fmt::format(
        "POST\n/\n\ncontent-type:application/x-amz-json-1.1\nhost:{}\nx-amz-date:{}\nx-amz-target:{}\n\n"
        "content-type;host;x-amz-date;x-amz-target\n{}",
        host_, date, options_.target, sha256(options_.body));
    const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", date, scope_, sha256(canonical));
    return fmt::format(
        "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
        "Signature={}",
        access_key_id_, scope_, coffer::hex(coffer::crypto::hmac_sha256(signing_key_, as_bytes(to_sign))));
  }

  const Options& options_;
  const std::string host_;
  std::string access_key_id_, date_, scope_;
  SecretBytes signing_key_;
};

struct Connection {
  int descriptor = -1;
  std::string received;
  Clock::time_point sent;
};

struct Figures {
  std::vector<uint32_t> microseconds;
  uint64_t failures = 0;
};

int connect_to(uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    stop(fmt::format("cannot connect to port {}", port));
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

void send_next(Connection& connection, Requests& requests) {
  const std::string request = requests.next();
  connection.sent = Clock::now();
  if (send(connection.descriptor, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    stop("the server does not take a request");
}

// The size of the first answer in `text`; 0 while it is not whole.
size_t answer_size(const std::string& text) {
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return 0;
  size_t at = text.find("ontent-");
  while (at != std::string::npos && at < end && strncasecmp(text.data() + at, "ontent-length:", 14) != 0)
    at = text.find("ontent-", at + 1);
  if (at == std::string::npos || at > end) stop("an answer without Content-Length");
  const char* digits = text.data() + at + 14;
  while (*digits == ' ') ++digits;
  size_t length = 0;
  std::from_chars(digits, text.data() + end, length);
  return text.size() >= end + 4 + length ? end + 4 + length : 0;
}

// How many requests it has sent: one, when an answer is whole and `more` are to be sent.
uint64_t take_answer(Connection& connection, Requests& requests, Figures& figures, bool more) {
  std::array<char, 16384> buffer;
  const ssize_t size = recv(connection.descriptor, buffer.data(), buffer.size(), 0);
  if (size <= 0) stop("the server closed a connection");
  connection.received.append(buffer.data(), static_cast<size_t>(size));
  const size_t whole = answer_size(connection.received);
  if (whole == 0) return 0;
  const auto taken = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - connection.sent);
  figures.microseconds.push_back(static_cast<uint32_t>(taken.count()));
  if (connection.received.compare(0, 12, "HTTP/1.1 200") != 0 && figures.failures++ == 0)
    std::fprintf(stderr, "first failure: %s\n", connection.received.substr(0, whole).c_str());
  connection.received.erase(0, whole);
  if (!more) return 0;
  send_next(connection, requests);
  return 1;
}

Figures run(const Options& options) {
  Requests requests(options);
  std::vector<Connection> connections(options.connections);
  const int poll = epoll_create1(0);
  uint64_t left = options.calls;
  for (size_t i = 0; i < connections.size(); ++i) {
    connections[i].descriptor = connect_to(options.port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(poll, EPOLL_CTL_ADD, connections[i].descriptor, &event);
    if (left != 0) {
      send_next(connections[i], requests);
      --left;
    }
  }
  Figures figures;
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(options.seconds));
  std::array<epoll_event, 64> events;
  while (Clock::now() < end && figures.microseconds.size() < options.calls) {
    const int ready = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 1000);
    for (int i = 0; i < ready; ++i)
      left -= take_answer(connections[events[static_cast<size_t>(i)].data.u64], requests, figures, left != 0);
  }
  for (const Connection& connection : connections) close(connection.descriptor);
  close(poll);
  return figures;
}

Options parse(int count, char** words) {
  Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = words[i], value = words[i + 1];
    if (name == "--port")
      options.port = static_cast<uint16_t>(std::stoi(value));
    else if (name == "--connections")
      options.connections = std::stoul(value);
    else if (name == "--seconds")
      options.seconds = std::stod(value);
    else if (name == "--calls")
      options.calls = std::stoull(value);
    else if (name == "--path")
      options.path = value;
    else if (name == "--target")
      options.target = value;
    else if (name == "--body")
      options.body = value;
    else if (name == "--credentials")
      options.credentials_file = value;
    else if (name == "--region")
      options.region = value;
    else
      stop("no option " + name);
  }
  if (options.port == 0) stop("--port is needed");
  return options;
}

uint32_t percentile(std::vector<uint32_t>& sorted, double part) {
  return sorted.empty() ? 0 : sorted[static_cast<size_t>(static_cast<double>(sorted.size() - 1) * part)];
}

}  // namespace

int main(int count, char** words) {
  const Options options = parse(count, words);
  const auto start = Clock::now();
  Figures figures = run(options);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::ranges::sort(figures.microseconds);
  fmt::print("{:.0f} {} {} {}\n", static_cast<double>(figures.microseconds.size()) / seconds,
             percentile(figures.microseconds, 0.5), percentile(figures.microseconds, 0.99), figures.failures);
  return 0;
}
