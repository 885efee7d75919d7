// SPDX-License-Identifier: Apache-2.0
// The kinds of error as numbers in our own protocols. They never change, whatever order the enumeration
// takes.
#pragma once
#include <cstdint>
#include <optional>

#include "base/result.h"

namespace coffer::format {

uint8_t error_code(ErrorKind kind);
// Nothing for a number that no kind has.
std::optional<ErrorKind> error_kind(uint8_t code);

}  // namespace coffer::format
