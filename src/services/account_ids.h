// SPDX-License-Identifier: Apache-2.0
// Ids of new accounts.
#pragma once
#include <string>

#include "base/random.h"

namespace coffer::services {

// Twelve digits, at random.
std::string make_account_id(Random& random);

}  // namespace coffer::services
