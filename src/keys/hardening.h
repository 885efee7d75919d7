// SPDX-License-Identifier: Apache-2.0
// What is left to keyd once it holds keys: its channels and its own folder. No network, no program, no other
// file.
#pragma once
#include <string>

#include "base/result.h"

namespace coffer::keys {

// One-way. Called before any thread is started; `folder` (DIR/keyd) must exist.
Status confine_keyd(const std::string& folder);

}  // namespace coffer::keys
