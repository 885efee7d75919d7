// SPDX-License-Identifier: Apache-2.0
// Why AWS Organizations finds a request invalid. Pure.
#pragma once
#include <string>

namespace coffer::api {

struct InvalidInputReason {
  std::string reason;    // the member Reason of InvalidInputException
  std::string sentence;  // what AWS says of it
};

// `violations`: the message of wire::validate(), of which the first violation counts.
// Source: Organizations API Reference, InvalidInputException.
InvalidInputReason organizations_reason(const std::string& violations);

}  // namespace coffer::api
