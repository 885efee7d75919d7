// SPDX-License-Identifier: Apache-2.0
#include "format/key_id.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/ids.h"

namespace coffer::format {
namespace {

constexpr std::string_view kMultiRegion = "mrk-";

bool is_of_multi_region_key(const UuidBytes& bytes) {
  return (bytes[6] >> 4) == 8;  // the UUID's version
}

}  // namespace

std::optional<UuidBytes> key_id_bytes(std::string_view text) {
  const bool multi_region = is_multi_region_key_id(text);
  UuidBytes bytes{};
  if (multi_region) {
    const auto digits = from_hex(text.substr(kMultiRegion.size()));
    if (!digits || digits->size() != bytes.size()) return std::nullopt;
    std::copy(digits->begin(), digits->end(), bytes.begin());
  } else if (const auto uuid = uuid_bytes(text)) {
    bytes = *uuid;
  } else {
    return std::nullopt;
  }
  if (is_of_multi_region_key(bytes) != multi_region) return std::nullopt;
  return bytes;
}

std::string key_id_text(const UuidBytes& bytes) {
  return is_of_multi_region_key(bytes) ? std::string(kMultiRegion) + hex(bytes) : uuid_text(bytes);
}

}  // namespace coffer::format
