// SPDX-License-Identifier: Apache-2.0
// HTTP requests and answers as plain values (RFC 9110, 9112), for everything behind the server.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace coffer::wire {

// Header fields in the order of their arrival. Names compare without case.
class HttpHeaders {
 public:
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);  // replaces all fields of that name
  void remove(std::string_view name);

  bool contains(std::string_view name) const { return find(name) != nullptr; }
  const std::string* find(std::string_view name) const;  // the first of that name, or nothing
  std::string_view value_or(std::string_view name, std::string_view otherwise) const;
  std::vector<std::string_view> all(std::string_view name) const;

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  size_t size() const { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct HttpRequest {
  std::string method;
  std::string target;  // as on the request line
  std::string path;    // of the target, still percent-encoded; "/" when it has none
  std::string query;   // of the target, still percent-encoded, without "?"
  HttpHeaders headers;
  // As it was sent (chunks joined). A signature covers it like this, so that Content-Encoding is undone only
  // once the caller is known: by decode_content (gzip.h).
  Bytes body;
  std::string peer_address;           // "127.0.0.1"; empty for a Unix socket
  std::optional<uint32_t> peer_user;  // the Unix user at the other end, by SO_PEERCRED, for a Unix socket
  bool is_tls = false;
  std::string vpc_endpoint, vpc;  // that it came through (base/vpc_endpoint.h); empty: through none
  std::string connect_host;  // the host of the CONNECT that this request arrived through; otherwise empty

  void set_target(std::string request_target);  // fills path and query; accepts the absolute form too
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;  // Content-Length, Date and Connection are the server's
  std::string body;
};

std::string_view http_reason(int status);  // "Not Found"
HttpResponse plain_response(int status, std::string_view text);

bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string lower_case(std::string_view text);  // ASCII

// The name=value pairs of a query string or form, decoded ("+" is a space). Nothing on a malformed escape. A
// pair without "=" has an empty value; empty pairs are skipped.
using QueryParameters = std::vector<std::pair<std::string, std::string>>;
std::optional<QueryParameters> parse_query(std::string_view query);

}  // namespace coffer::wire
