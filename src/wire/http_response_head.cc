// SPDX-License-Identifier: Apache-2.0
#include "wire/http_response_head.h"

#include <fmt/format.h>

#include <ctime>

namespace coffer::wire {
namespace {

// RFC 9110 section 6.6.1.
std::string http_date_now() {
  const time_t now = ::time(nullptr);
  tm parts{};
  ::gmtime_r(&now, &parts);
  char text[40];
  return std::string(text, ::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
}

}  // namespace

std::string response_head(const HttpResponse& response, bool keep_alive, bool http10) {
  const bool bodiless = response.status == 204 || response.status == 304;
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                                 http_reason(response.status), http_date_now());
  for (const auto& [name, value] : response.headers) {
    if (equal_ignoring_case(name, "Content-Length") || equal_ignoring_case(name, "Connection") ||
        equal_ignoring_case(name, "Date"))
      continue;
    const size_t start = head.size();
    head += name;
    head += ": ";
    head += value;
    for (size_t i = start; i < head.size(); ++i)
      if (head[i] == '\r' || head[i] == '\n' || head[i] == '\0') head[i] = ' ';
    head += "\r\n";
  }
  if (!bodiless) head += fmt::format("Content-Length: {}\r\n", response.body.size());
  if (!keep_alive)
    head += "Connection: close\r\n";
  else if (http10)
    head += "Connection: keep-alive\r\n";
  return head + "\r\n";
}

}  // namespace coffer::wire
