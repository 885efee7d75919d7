// SPDX-License-Identifier: Apache-2.0
// For which days keyd derives SigV4 signing keys.
#pragma once
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace coffer::keys {

// "20150830" from eight days ago to tomorrow; kInvalidArgument otherwise.
Status check_signing_date(const std::string& date, Timestamp now);

}  // namespace coffer::keys
