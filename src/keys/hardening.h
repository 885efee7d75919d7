// SPDX-License-Identifier: Apache-2.0
// What is left to keyd once it holds keys: its channels, its own folder, its seal's file. No network, no
// program, no other file.
#pragma once
#include <string>

#include "base/result.h"

namespace coffer::keys {

// One-way. Called before any thread is started; `folder` (DIR/keyd) and `seal_file` must exist.
Status confine_keyd(const std::string& folder, const std::string& seal_file);

}  // namespace coffer::keys
