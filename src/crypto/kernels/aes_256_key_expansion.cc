// SPDX-License-Identifier: Apache-2.0
// The AES-256 key schedule (FIPS 197 section 5.2) by AES-NI, in constant time. Round keys pass through vector
// registers and go to the schedule alone: there are few enough of them that none is put on the stack.
#ifdef __x86_64__
#include <immintrin.h>

#include "crypto/kernels/xts_kernel.h"

namespace coffer::crypto {
namespace {

[[gnu::always_inline]] inline void put(AesRoundKeys& keys, int round, __m128i key) {
  for (int copy = 0; copy < 4; ++copy)
    _mm_store_si128(reinterpret_cast<__m128i*>(keys.key[round]) + copy, key);
}

[[gnu::always_inline]] inline __m128i get(const AesRoundKeys& keys, int round) {
  return _mm_load_si128(reinterpret_cast<const __m128i*>(keys.key[round]));
}

// `before` is the round key two back; `word` is the new word's substituted neighbour, in all four places.
[[gnu::always_inline]] inline __m128i next_key(__m128i before, __m128i word) {
  before = _mm_xor_si128(before, _mm_slli_si128(before, 4));
  before = _mm_xor_si128(before, _mm_slli_si128(before, 8));
  return _mm_xor_si128(before, word);
}

template <int kConstant>
[[gnu::always_inline]] inline void two_rounds(AesRoundKeys& keys, int round, __m128i& even, __m128i& odd) {
  even = next_key(even, _mm_shuffle_epi32(_mm_aeskeygenassist_si128(odd, kConstant), 0xff));
  put(keys, round, even);
  if (round == 14) return;
  odd = next_key(odd, _mm_shuffle_epi32(_mm_aeskeygenassist_si128(even, 0), 0xaa));
  put(keys, round + 1, odd);
}

void expand(const uint8_t* key, AesRoundKeys& keys) {
  __m128i even = _mm_loadu_si128(reinterpret_cast<const __m128i*>(key));
  __m128i odd = _mm_loadu_si128(reinterpret_cast<const __m128i*>(key) + 1);
  put(keys, 0, even);
  put(keys, 1, odd);
  two_rounds<0x01>(keys, 2, even, odd);
  two_rounds<0x02>(keys, 4, even, odd);
  two_rounds<0x04>(keys, 6, even, odd);
  two_rounds<0x08>(keys, 8, even, odd);
  two_rounds<0x10>(keys, 10, even, odd);
  two_rounds<0x20>(keys, 12, even, odd);
  two_rounds<0x40>(keys, 14, even, odd);
}

void invert(const AesRoundKeys& keys, AesRoundKeys& inverse) {
  put(inverse, 0, get(keys, 14));
  for (int round = 1; round < 14; ++round) put(inverse, round, _mm_aesimc_si128(get(keys, 14 - round)));
  put(inverse, 14, get(keys, 0));
}

}  // namespace

void expand_xts_key(const uint8_t* key, XtsSchedule& schedule) {
  expand(key, schedule.encrypt);
  invert(schedule.encrypt, schedule.decrypt);
  expand(key + 32, schedule.tweak);
}

}  // namespace coffer::crypto
#endif
