// SPDX-License-Identifier: Apache-2.0
// AES-256-XTS (IEEE 1619 section 5) with eight vector registers in flight, written once for all widths. V is
// the width; what it must have is seen in any of the kernels. Everything has internal linkage, as each
// including file is compiled for another processor.
//
// The tweaks of 8 * V::kBlocks sectors are encrypted at once, as that costs little more than one of them.
// Block i of a sector is masked by T * x^i in GF(2^128): the first step's come from T directly, the next
// step's from the last step's by one multiplication with a constant each.
//
// What lies in memory is asked for kAhead bytes before it is needed, within the sectors of the call: the
// processor's own prefetching ends at each page, and the cipher waited a third of its time for memory.
#pragma once
#include <immintrin.h>

#include "crypto/kernels/xts_kernel.h"

#define COFFER_INLINE [[gnu::always_inline]] static inline

namespace coffer::crypto {
namespace {

constexpr size_t kAesBlock = 16;
constexpr int kInFlight = 8;
constexpr long long kReduction = 0x87;  // x^128 = x^7 + x^2 + x + 1
constexpr size_t kAhead = 2048, kCacheLine = 64;

// Not key material, but what hides equal blocks: wiped when the kernel returns.
template <class V>
struct XtsWorkspace {
  static constexpr size_t kSectors = kInFlight * V::kBlocks;
  alignas(64) uint64_t first[kSectors][2];  // sector numbers, then T of each
  typename V::Register tweak[kInFlight];  // T * x^i of a step's blocks, where registers are too few for them
};

template <class V>
COFFER_INLINE void encrypt_tweaks(const AesRoundKeys& keys, uint64_t number, uint64_t increment,
                                  size_t sectors, XtsWorkspace<V>& work) {
  for (size_t i = 0; i < sectors; ++i, number += increment) {
    work.first[i][0] = number;
    work.first[i][1] = 0;
  }
  auto* const bytes = reinterpret_cast<uint8_t*>(work.first);
  const typename V::Register zero = V::zero();
  if (sectors <= V::kBlocks) {
    const typename V::Register one = V::rounds(V::whiten(V::load(bytes), zero, keys), keys);
    V::store(bytes, V::template last<true>(one, zero, keys));
    return;
  }
  typename V::Register state[kInFlight];
#pragma GCC unroll 8
  for (int i = 0; i < kInFlight; ++i) state[i] = V::whiten(V::load(bytes + i * V::kSize), zero, keys);
  V::template rounds<true>(state, keys);
#pragma GCC unroll 8
  for (int i = 0; i < kInFlight; ++i)
    V::store(bytes + i * V::kSize, V::template last<true>(state[i], zero, keys));
}

// What lies in memory, and not in a cache, is a volume's image: read by decryption, written by encryption.
// Neither instruction can fault; a processor without PREFETCHW takes it for nothing.
template <bool kEncrypt>
COFFER_INLINE void fetch_line(const uint8_t* in, uint8_t* out) {
  if constexpr (kEncrypt)
    __asm__ volatile("prefetchw %0" : : "m"(*out));
  else
    _mm_prefetch(reinterpret_cast<const char*>(in), _MM_HINT_T1);
}

// The next kInFlight vectors of a sector, all of them whole. kMore: the tweaks go on to the step after it;
// with registers enough, before this step is done.
template <class V, bool kEncrypt, bool kMore>
COFFER_INLINE void whole_step(const AesRoundKeys& keys, typename V::Register* tweak, const uint8_t* in,
                              const uint8_t* in_end, uint8_t* out) {
  typename V::Register state[kInFlight], now[kInFlight];
  const bool ahead = static_cast<size_t>(in_end - in) >= kAhead + kInFlight * V::kSize;
#pragma GCC unroll 8
  for (int i = 0; i < kInFlight; ++i) {
    if (ahead && i * V::kSize % kCacheLine == 0)
      fetch_line<kEncrypt>(in + kAhead + i * V::kSize, out + kAhead + i * V::kSize);
    state[i] = V::whiten(V::load(in + i * V::kSize), tweak[i], keys);
    if constexpr (V::kManyRegisters) {
      now[i] = tweak[i];
      if constexpr (kMore) tweak[i] = V::advance(tweak[i]);
    }
  }
  V::template rounds<kEncrypt>(state, keys);
#pragma GCC unroll 8
  for (int i = 0; i < kInFlight; ++i) {
    if constexpr (!V::kManyRegisters) now[i] = tweak[i];
    V::store(out + i * V::kSize, V::template last<kEncrypt>(state[i], now[i], keys));
    if constexpr (!V::kManyRegisters && kMore) tweak[i] = V::advance(tweak[i]);
  }
}

// The end of a sector: fewer blocks than a step has.
template <class V, bool kEncrypt>
COFFER_INLINE void last_step(const AesRoundKeys& keys, const typename V::Register* tweak, size_t blocks,
                             const uint8_t* in, uint8_t* out) {
  typename V::Register state[kInFlight];
  const auto blocks_of = [blocks](size_t i) {
    return blocks <= i * V::kBlocks ? 0 : blocks - i * V::kBlocks;
  };
#pragma GCC unroll 8
  for (int i = 0; i < kInFlight; ++i)
    state[i] = V::whiten(V::load_some(in + i * V::kSize, blocks_of(i)), tweak[i], keys);
  V::template rounds<kEncrypt>(state, keys);
#pragma GCC unroll 8
  for (int i = 0; i < kInFlight; ++i)
    V::store_some(out + i * V::kSize, blocks_of(i), V::template last<kEncrypt>(state[i], tweak[i], keys));
}

template <class V, bool kEncrypt>
COFFER_INLINE void one_sector(const AesRoundKeys& keys, XtsWorkspace<V>& work, const uint64_t* first_tweak,
                              size_t size, const uint8_t* in, const uint8_t* in_end, uint8_t* out) {
  constexpr size_t kStep = kInFlight * V::kSize;
  [[maybe_unused]] typename V::Register registers[kInFlight];
  typename V::Register* tweak;
  if constexpr (V::kManyRegisters)
    tweak = registers;
  else
    tweak = work.tweak;
  V::start(reinterpret_cast<const uint8_t*>(first_tweak), tweak);
  for (; size > kStep; size -= kStep, in += kStep, out += kStep)
    whole_step<V, kEncrypt, true>(keys, tweak, in, in_end, out);
  if (size == kStep)
    whole_step<V, kEncrypt, false>(keys, tweak, in, in_end, out);
  else
    last_step<V, kEncrypt>(keys, tweak, size / kAesBlock, in, out);
}

template <class V, bool kEncrypt>
COFFER_INLINE void all_sectors(const AesRoundKeys& keys, const AesRoundKeys& tweak_keys, uint64_t number,
                               uint64_t increment, size_t size, const uint8_t* in, uint8_t* out,
                               size_t sectors) {
  XtsWorkspace<V> work;
  const uint8_t* const in_end = in + sectors * size;
  // While the tweaks are made.
  for (size_t line = 0; line < kAhead && line < sectors * size; line += kCacheLine)
    fetch_line<kEncrypt>(in + line, out + line);
  while (sectors != 0) {
    const size_t count = sectors < work.kSectors ? sectors : work.kSectors;
    encrypt_tweaks(tweak_keys, number, increment, count, work);
    for (size_t i = 0; i < count; ++i, in += size, out += size)
      one_sector<V, kEncrypt>(keys, work, work.first[i], size, in, in_end, out);
    number += count * increment;
    sectors -= count;
  }
  auto* const bytes = reinterpret_cast<uint8_t*>(&work);
  for (size_t i = 0; i < sizeof work; i += V::kSize) V::store(bytes + i, V::zero());
  __asm__ volatile("" : : "r"(bytes) : "memory");  // the stores above have a reader
}

template <class V>
COFFER_INLINE void run_xts(const XtsSchedule& schedule, bool encrypt, uint64_t first_tweak,
                           uint64_t tweak_increment, size_t sector_size, const uint8_t* in, uint8_t* out,
                           size_t sectors) {
  if (encrypt)
    all_sectors<V, true>(schedule.encrypt, schedule.tweak, first_tweak, tweak_increment, sector_size, in, out,
                         sectors);
  else
    all_sectors<V, false>(schedule.decrypt, schedule.tweak, first_tweak, tweak_increment, sector_size, in,
                          out, sectors);
}

// The left shifts that make T * x^i of T, for each half of each block of a step, and what is shifted out.
template <int kBlocks>
struct StartShifts {
  alignas(64) uint64_t left[kInFlight * kBlocks * 2] = {}, right[kInFlight * kBlocks * 2] = {};
  constexpr StartShifts() {
    for (int i = 0; i < kInFlight * kBlocks * 2; ++i) {
      left[i] = static_cast<uint64_t>(i / 2);
      right[i] = static_cast<uint64_t>(64 - i / 2);
    }
  }
};

}  // namespace
}  // namespace coffer::crypto

// Rounds 1 to 13 as assembly, where the compiler would keep round keys in registers and on the stack. OF is
// the instruction of (round, register) as a string literal.
#define COFFER_ONE_ROUND(OF, round) OF(round, 0)
#define COFFER_EIGHT_ROUND(OF, round) \
  OF(round, 0) OF(round, 1) OF(round, 2) OF(round, 3) OF(round, 4) OF(round, 5) OF(round, 6) OF(round, 7)
#define COFFER_ROUNDS(EACH, OF) \
  EACH(OF, 1)                   \
  EACH(OF, 2)                   \
  EACH(OF, 3)                   \
  EACH(OF, 4)                   \
  EACH(OF, 5)                   \
  EACH(OF, 6) EACH(OF, 7) EACH(OF, 8) EACH(OF, 9) EACH(OF, 10) EACH(OF, 11) EACH(OF, 12) EACH(OF, 13)
#define COFFER_EIGHT(constraint, state)                                                   \
  constraint(state[0]), constraint(state[1]), constraint(state[2]), constraint(state[3]), \
      constraint(state[4]), constraint(state[5]), constraint(state[6]), constraint(state[7])
