// SPDX-License-Identifier: Apache-2.0
#include "keys/base32.h"

#include <string_view>

namespace coffer::keys {

using secret::RawAccess;

secret::SecretBytes base32(const secret::SecretBytes& bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const ByteView in = bytes.read(RawAccess::because("it becomes characters, which are as secret"));
  secret::SecretBytes text(in.size() / 5 * 8);
  const MutableByteView out = text.write(RawAccess::because("it becomes characters, which are as secret"));
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t bit = i * 5, byte = bit / 8;
    const uint32_t two = (uint32_t{in[byte]} << 8) | (byte + 1 < in.size() ? in[byte + 1] : 0u);
    out[i] = static_cast<uint8_t>(kAlphabet[(two >> (11 - bit % 8)) & 31]);
  }
  return text;
}

}  // namespace coffer::keys
