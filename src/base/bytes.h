// SPDX-License-Identifier: Apache-2.0
// Plain (not secret) bytes. Secrets use secret/secret_bytes.h.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coffer {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;
using MutableByteView = std::span<uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(std::string_view text) {
  return Bytes(text.begin(), text.end());
}
inline Bytes to_bytes(ByteView bytes) {
  return Bytes(bytes.begin(), bytes.end());
}

}  // namespace coffer
