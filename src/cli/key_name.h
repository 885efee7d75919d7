// SPDX-License-Identifier: Apache-2.0
// KMS keys as they are named on the command line.
#pragma once
#include <string>

#include "base/result.h"

namespace coffer::cli {

// kInvalidArgument, with an example, unless it is a key's ARN.
Status check_key_arn(const std::string& text);
// Or its id.
Status check_key_name(const std::string& text);
// Or an alias, or an alias's ARN.
Status check_key_or_alias(const std::string& text);

}  // namespace coffer::cli
