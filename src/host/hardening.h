// SPDX-License-Identifier: Apache-2.0
// What volumed gives up before it serves.
#pragma once
#include <string>

#include "base/result.h"

namespace coffer::host {

// Landlock and seccomp for volumed: files below the two folders (which must exist), Unix sockets, threads,
// and nothing else. One-way; call it from main's thread before others are started.
Status confine_volumed(const std::string& volumes, const std::string& sockets);

}  // namespace coffer::host
