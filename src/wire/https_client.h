// SPDX-License-Identifier: Apache-2.0
// Calls HTTPS servers: TLS 1.2 or newer, the server's certificate verified for its name, HTTP/1.1.
// Connections are kept and used again. Thread-safe; a call blocks its thread no longer than the timeout,
// whatever the server, the network or the name server does.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/http.h"

namespace coffer::wire {

enum class HttpsFailure {
  kUnreachable,  // no such name, nobody listens, or the connection broke before an answer
  kTls,          // the handshake failed, or the certificate does not verify
  kTimeout,
  kMalformed,  // no HTTP, or a longer answer than allowed
  kBusy,       // so many calls are under way already
};

struct HttpsAnswer {
  int status = 0;
  std::string body;
};

class HttpsClient {
 public:
  struct Options {
    std::chrono::milliseconds timeout{250};  // of a call, from finding the address to the answer's last byte
    // PEM certificates of authorities that count beside the system's; empty: none.
    std::string authorities_pem;
    // Where a host is found, "ADDRESS:PORT", in place of what the name server says and of port 443.
    std::map<std::string, std::string> connect_to;
    size_t largest_answer = 64 << 10;
    size_t most_calls_to_a_host = 16, most_calls = 48;
  };

  // kInvalidArgument for authorities that cannot be read, or a `connect_to` that is no address and port.
  static Result<std::unique_ptr<HttpsClient>> start(Options options);
  ~HttpsClient();  // no call may be under way; waits for a question to the name server

  // POSTs `request.body` with its headers, of which Host names the server. Content-Length and Connection are
  // added. A request that a kept connection did not take is sent once more on a new one.
  tl::expected<HttpsAnswer, HttpsFailure> post(const HttpRequest& request);

  // With what is known of their addresses, and connections to them; there is a most.
  size_t remembered_hosts() const;

 private:
  class Implementation;
  explicit HttpsClient(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace coffer::wire
