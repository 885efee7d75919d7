// SPDX-License-Identifier: Apache-2.0
// The tags of a request as condition keys: aws:RequestTag/NAME and aws:TagKeys. Not thread-safe, as the
// context is not. Source: IAM User Guide, "AWS global condition context keys".
#pragma once
#include <string>
#include <string_view>

#include "policy/context.h"

namespace coffer::services {

// Tags whose names differ in case alone are one condition key, and so are two of the same name: no value
// hides another from a policy.
inline void add_request_tag(std::string_view name, std::string_view value, policy::Context& context) {
  context.add("aws:RequestTag/" + std::string(name), value);
  context.add("aws:TagKeys", name);
}

}  // namespace coffer::services
