// SPDX-License-Identifier: Apache-2.0
// AES-256-XTS by VAES and VPCLMULQDQ on 256-bit registers: two blocks each. Compiled for AVX2, for processors
// without AVX-512. A register holds one round key at a time, as loads would be the limit otherwise; a key
// cannot be worked out from fewer than two.
#ifdef __x86_64__
#include "crypto/kernels/xts_loop.h"

namespace coffer::crypto {
namespace {

#define LOAD(round) "vmovdqa 64*" #round "(%[keys]), %[key]\n\t"
#define ENCRYPT(round, register) "vaesenc %[key], %" #register ", %" #register "\n\t"
#define DECRYPT(round, register) "vaesdec %[key], %" #register ", %" #register "\n\t"
#define LOADED_ONE_ROUND(OF, round) LOAD(round) COFFER_ONE_ROUND(OF, round)
#define LOADED_EIGHT_ROUND(OF, round) LOAD(round) COFFER_EIGHT_ROUND(OF, round)
#define FORGET "vpxor %[key], %[key], %[key]\n\t"

constexpr StartShifts<2> kStartShifts;

struct Vaes256 {
  using Register = __m256i;
  static constexpr size_t kBlocks = 2, kSize = sizeof(Register);
  static constexpr bool kManyRegisters = false;

  COFFER_INLINE Register zero() { return _mm256_setzero_si256(); }
  COFFER_INLINE Register load(const uint8_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  COFFER_INLINE void store(uint8_t* to, Register value) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value);
  }
  COFFER_INLINE Register load_some(const uint8_t* from, size_t blocks) {
    if (blocks >= kBlocks) return load(from);
    if (blocks == 0) return zero();
    return _mm256_zextsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  COFFER_INLINE void store_some(uint8_t* to, size_t blocks, Register value) {
    if (blocks >= kBlocks)
      store(to, value);
    else if (blocks == 1)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(value));
  }

  COFFER_INLINE Register shifts(const uint64_t* table, int i) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(table + 4 * i));
  }
  COFFER_INLINE void start(const uint8_t* first, Register* tweak) {
    const Register reduction = _mm256_set1_epi64x(kReduction);
    const Register value =
        _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(first)));
#pragma GCC unroll 8
    for (int i = 0; i < kInFlight; ++i) {
      const Register left = _mm256_sllv_epi64(value, shifts(kStartShifts.left, i));
      const Register over = _mm256_srlv_epi64(value, shifts(kStartShifts.right, i));
      tweak[i] = _mm256_xor_si256(_mm256_xor_si256(left, _mm256_bslli_epi128(over, 8)),
                                  _mm256_clmulepi64_epi128(over, reduction, 0x01));
    }
  }
  COFFER_INLINE Register advance(Register tweak) {  // times x^16
    return _mm256_xor_si256(
        _mm256_bslli_epi128(tweak, 2),
        _mm256_clmulepi64_epi128(_mm256_bsrli_epi128(tweak, 14), _mm256_set1_epi64x(kReduction), 0x00));
  }

  COFFER_INLINE Register whiten(Register data, Register tweak, const AesRoundKeys& keys) {
    return add(_mm256_xor_si256(data, tweak), keys.key[0]);
  }
  template <bool kEncrypt>
  COFFER_INLINE void rounds(Register* state, const AesRoundKeys& keys) {
    Register key;
    if constexpr (kEncrypt)
      __asm__(COFFER_ROUNDS(LOADED_EIGHT_ROUND, ENCRYPT) FORGET
              : COFFER_EIGHT("+x", state), [key] "=&x"(key)
              : [keys] "r"(&keys), "m"(keys));
    else
      __asm__(COFFER_ROUNDS(LOADED_EIGHT_ROUND, DECRYPT) FORGET
              : COFFER_EIGHT("+x", state), [key] "=&x"(key)
              : [keys] "r"(&keys), "m"(keys));
  }
  COFFER_INLINE Register rounds(Register state, const AesRoundKeys& keys) {
    Register key;
    __asm__(COFFER_ROUNDS(LOADED_ONE_ROUND, ENCRYPT) FORGET
            : "+x"(state), [key] "=&x"(key)
            : [keys] "r"(&keys), "m"(keys));
    return state;
  }
  // The tweak is added with the last round key.
  template <bool kEncrypt>
  COFFER_INLINE Register last(Register state, Register tweak, const AesRoundKeys& keys) {
    tweak = add(tweak, keys.key[14]);
    return kEncrypt ? _mm256_aesenclast_epi128(state, tweak) : _mm256_aesdeclast_epi128(state, tweak);
  }

 private:
  COFFER_INLINE Register add(Register value, const uint8_t (&key)[64]) {
    __asm__("vpxor %1, %0, %0" : "+x"(value) : "m"(key));
    return value;
  }
};

}  // namespace

void xts_vaes_256(const XtsSchedule& schedule, bool encrypt, uint64_t first_tweak, uint64_t tweak_increment,
                  size_t sector_size, const uint8_t* in, uint8_t* out, size_t sectors) {
  run_xts<Vaes256>(schedule, encrypt, first_tweak, tweak_increment, sector_size, in, out, sectors);
}

}  // namespace coffer::crypto
#endif
