// SPDX-License-Identifier: Apache-2.0
// The bytes of an HTTP/1.1 response before its body (RFC 9112).
#pragma once
#include <string>

#include "wire/http.h"

namespace coffer::wire {

// Adds Date, Content-Length and Connection. A line break inside a field becomes a space: else an echoed text
// could forge further fields.
std::string response_head(const HttpResponse& response, bool keep_alive, bool http10);

}  // namespace coffer::wire
