// SPDX-License-Identifier: Apache-2.0
#include "wire/http_response_head.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <ctime>
#include <iterator>

namespace coffer::wire {
namespace {

constexpr size_t kUsualHead = 256;  // bytes; only so that most need room once

// RFC 9110 section 6.6.1. Made once a second.
const std::string& http_date_now() {
  thread_local time_t second = -1;
  thread_local std::string text;
  const time_t now = ::time(nullptr);
  if (now == second) return text;
  tm parts{};
  ::gmtime_r(&now, &parts);
  char buffer[40];
  text.assign(buffer, ::strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", &parts));
  second = now;
  return text;
}

// A header's name or value must not begin another line.
void append_in_line(std::string& head, std::string_view text) {
  const size_t start = head.size();
  head += text;
  constexpr std::string_view kEnds("\r\n\0", 3);
  for (size_t at = head.find_first_of(kEnds, start); at != std::string::npos;
       at = head.find_first_of(kEnds, at))
    head[at] = ' ';
}

bool is_ours(std::string_view name) {
  return equal_ignoring_case(name, "Content-Length") || equal_ignoring_case(name, "Connection") ||
         equal_ignoring_case(name, "Date");
}

}  // namespace

std::string response_head(const HttpResponse& response, bool keep_alive, bool http10) {
  const bool bodiless = response.status == 204 || response.status == 304;
  std::string head;
  head.reserve(kUsualHead);
  const auto out = std::back_inserter(head);
  fmt::format_to(out, FMT_COMPILE("HTTP/1.1 {} {}\r\nDate: {}\r\n"), response.status,
                 http_reason(response.status), http_date_now());
  for (const auto& [name, value] : response.headers) {
    if (is_ours(name)) continue;
    append_in_line(head, name);
    head += ": ";
    append_in_line(head, value);
    head += "\r\n";
  }
  if (!bodiless) fmt::format_to(out, FMT_COMPILE("Content-Length: {}\r\n"), response.body.size());
  if (!keep_alive)
    head += "Connection: close\r\n";
  else if (http10)
    head += "Connection: keep-alive\r\n";
  head += "\r\n";
  return head;
}

}  // namespace coffer::wire
