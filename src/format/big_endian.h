// SPDX-License-Identifier: Apache-2.0
// Big-endian integers at fixed places, for the protocols of others (NBD). Our own formats use codec.h.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>

namespace coffer::format {

template <std::unsigned_integral T>
constexpr void put_big_endian(uint8_t* out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) out[i] = static_cast<uint8_t>(value >> (8 * (sizeof(T) - 1 - i)));
}

template <std::unsigned_integral T>
constexpr T get_big_endian(const uint8_t* in) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>(static_cast<uint64_t>(value) << 8 | in[i]);
  return value;
}

}  // namespace coffer::format
