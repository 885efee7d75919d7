// SPDX-License-Identifier: Apache-2.0
#include "secret/registers.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace coffer::secret {
namespace {

#ifdef __x86_64__

using Words = std::array<uint64_t, 4>;
using Wide = std::array<uint64_t, 8>;
constexpr Words kPattern{0x1111111111111111, 0x2222222222222222, 0x3333333333333333, 0x4444444444444444};

// Nothing but the call stands between the load and the store, so that no other code uses the registers
// meanwhile.
__attribute__((target("avx512f"), noinline)) Wide left_in_register_16(bool wipe) {
  const Wide pattern{1, 2, 3, 4, 5, 6, 7, 8};
  Wide left{};
  __asm__ volatile("vmovdqu64 %0, %%zmm16" ::"m"(pattern));
  if (wipe) wipe_vector_registers();
  __asm__ volatile("vmovdqu64 %%zmm16, %0" : "=m"(left));
  return left;
}

__attribute__((target("avx"), noinline)) Words left_in_register_5(bool wipe) {
  Words left{};
  __asm__ volatile("vmovdqu %0, %%ymm5" ::"m"(kPattern));
  if (wipe) wipe_vector_registers();
  __asm__ volatile("vmovdqu %%ymm5, %0" : "=m"(left));
  return left;
}

TEST(VectorRegisters, TheLowerHalfIsWiped) {
  if (!__builtin_cpu_supports("avx")) return;  // the machine has no such register to ask about
  EXPECT_EQ(left_in_register_5(false), kPattern) << "the positive control";
  EXPECT_EQ(left_in_register_5(true), Words{});
}

TEST(VectorRegisters, TheUpperHalfIsWiped) {
  if (!__builtin_cpu_supports("avx512f")) return;  // the machine has no such register to ask about
  EXPECT_EQ(left_in_register_16(false), (Wide{1, 2, 3, 4, 5, 6, 7, 8})) << "the positive control";
  EXPECT_EQ(left_in_register_16(true), Wide{});
}

#endif

}  // namespace
}  // namespace coffer::secret
