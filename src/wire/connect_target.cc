// SPDX-License-Identifier: Apache-2.0
#include "wire/connect_target.h"

#include "wire/http.h"

namespace coffer::wire {
namespace {

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  for (char c : label)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
      return false;
  return true;
}

}  // namespace

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  for (;;) {
    const size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

Result<std::string> parse_connect_target(std::string_view target) {
  constexpr std::string_view domain = ".amazonaws.com";
  const size_t colon = target.rfind(':');
  if (colon == std::string_view::npos || target.substr(colon + 1) != "443")
    return fail(ErrorKind::kPermissionDenied, "only port 443 is served");
  std::string host = lower_case(target.substr(0, colon));
  if (!is_host_name(host)) return fail(ErrorKind::kPermissionDenied, "the target is not a host name");
  if (!host.ends_with(domain))
    return fail(ErrorKind::kPermissionDenied,
                "only names under amazonaws.com are served here; put other hosts into NO_PROXY");
  return host;
}

}  // namespace coffer::wire
