// SPDX-License-Identifier: Apache-2.0
// The options of `coffer up` about external key stores' proxies.
#pragma once
#include "base/result.h"
#include "cli/commands.h"

namespace coffer::cli {

// Good for apid, which would otherwise end at each start; names become addresses. kInvalidArgument, naming
// option and file.
Status check_xks_options(UpOptions& options);

}  // namespace coffer::cli
