// SPDX-License-Identifier: Apache-2.0
// Where in an ARN its kind and name stand. Source: IAM User Guide, "IAM identifiers". A pure function,
// thread-safe.
#pragma once
#include <string_view>

namespace coffer::policy {

// What stands after an ARN's fifth colon: "user/PATH/alice"; empty for what is no ARN. A path may hold any
// character of ASCII, ":user/" too, so that a kind is never looked for further in.
std::string_view resource_part(std::string_view arn);

}  // namespace coffer::policy
