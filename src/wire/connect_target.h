// SPDX-License-Identifier: Apache-2.0
// Which CONNECT targets are ours: names under amazonaws.com, port 443. Pure.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace coffer::wire {

// The host of "kms.us-west-2.amazonaws.com:443", in lower case. kPermissionDenied, with a text for the user,
// for any other port or name, and for a name that is no strict host name (RFC 1123 section 2.1: labels of 1
// to 63 letters, digits and inner hyphens, 253 characters at most).
Result<std::string> parse_connect_target(std::string_view target);

bool is_host_name(std::string_view name);

}  // namespace coffer::wire
