// SPDX-License-Identifier: Apache-2.0
#include "base/plain_json.h"

#include <cstdint>
#include <cstring>

namespace coffer {

namespace {

constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kHighBits = 0x8080808080808080;

// High bits are set where bytes below 0x80 are less than `limit`, or equal to `byte`. (A byte above one that
// is found may be found as well, which only matters for which, not for whether.)
constexpr uint64_t less(uint64_t eight, uint8_t limit) {
  return (eight - kOnes * limit) & ~eight & kHighBits;
}
constexpr uint64_t equal(uint64_t eight, uint8_t byte) {
  return less(eight ^ (kOnes * byte), 1);
}

constexpr uint64_t others_among(uint64_t eight) {
  const uint64_t not_ascii = eight & kHighBits;
  return not_ascii | less(eight, 0x20) | equal(eight, 0x7f) | equal(eight, '"') | equal(eight, '\\');
}

}  // namespace

// Eight characters at once, for every answer and record passes here. On to the end in any case: nearly all
// texts are plain.
bool is_plain_json(std::string_view text) {
  uint64_t others = 0, eight = 0;
  for (; text.size() >= sizeof eight; text.remove_prefix(sizeof eight)) {
    std::memcpy(&eight, text.data(), sizeof eight);
    others |= others_among(eight);
  }
  for (const char c : text) others |= others_among(kOnes * static_cast<uint8_t>(c));
  return others == 0;
}

}  // namespace coffer
