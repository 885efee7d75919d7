// SPDX-License-Identifier: Apache-2.0
#include "base/plain_json.h"

#include <cstdint>

namespace coffer {

// On to the end in any case and without a branch, so that the compiler looks at sixteen characters at once.
bool is_plain_json(std::string_view text) {
  uint8_t others = 0;
  for (const auto c : text)
    others |= static_cast<uint8_t>((c < 0x20) | (c >= 0x7f) | (c == '"') | (c == '\\'));
  return others == 0;
}

}  // namespace coffer
