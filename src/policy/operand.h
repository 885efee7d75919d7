// SPDX-License-Identifier: Apache-2.0
// The kinds of value that conditions compare, read from text. Pure functions, thread-safe; nothing when the
// text is not of that kind. Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace coffer::policy {

// "10", "-1.5", "2e3".
std::optional<double> read_number(std::string_view text);

// One of the W3C's forms of ISO 8601 (YYYY, YYYY-MM, YYYY-MM-DD, YYYY-MM-DDThh:mm[:ss[.s]] and Z or ±hh:mm),
// or seconds since 1970. Four digits are a year.
std::optional<Timestamp> read_date(std::string_view text);

// "true" or "false", in any case.
std::optional<bool> read_boolean(std::string_view text);

// An IPv4 or IPv6 address, or a range of them in CIDR notation.
struct Network {
  bool ipv6 = false;
  std::array<uint8_t, 16> address = {};  // IPv4: the first four bytes
  unsigned prefix = 0;                   // in bits

  bool contains(const Network& other) const;
};
// Without a prefix: that one address. Bits after the prefix do not matter.
std::optional<Network> read_network(std::string_view text);

}  // namespace coffer::policy
