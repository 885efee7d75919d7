// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace coffer::wire {

// 2016-11-15T10:30:00Z, with a fraction of a second, with an offset (+01:00), or a date alone (RFC 3339;
// years 0001 to 9999). Nothing on anything else. Pure function.
std::optional<Timestamp> parse_iso8601(std::string_view text);

}  // namespace coffer::wire
