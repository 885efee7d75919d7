// SPDX-License-Identifier: Apache-2.0
#include "format/uuid.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/ids.h"

namespace coffer::format {

std::optional<UuidBytes> uuid_bytes(std::string_view text) {
  if (!is_uuid(text)) return std::nullopt;
  std::string digits(text);
  std::erase(digits, '-');
  const auto bytes = from_hex(digits);
  UuidBytes result{};
  if (!bytes || bytes->size() != result.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), result.begin());
  return result;
}

std::string uuid_text(const UuidBytes& bytes) {
  std::string text = hex(bytes);
  for (const size_t dash : {8, 13, 18, 23}) text.insert(dash, 1, '-');
  return text;
}

}  // namespace coffer::format
