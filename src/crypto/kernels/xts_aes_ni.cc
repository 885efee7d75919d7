// SPDX-License-Identifier: Apache-2.0
// AES-256-XTS by AES-NI and PCLMULQDQ on 128-bit registers: one block each. Compiled for SSE2, for every
// processor with AES instructions. A register holds one round key at a time; a key cannot be worked out from
// fewer than two.
#ifdef __x86_64__
#include "crypto/kernels/xts_loop.h"

namespace coffer::crypto {
namespace {

#define LOAD(round) "movdqa 64*" #round "(%[keys]), %[key]\n\t"
#define ENCRYPT(round, register) "aesenc %[key], %" #register "\n\t"
#define DECRYPT(round, register) "aesdec %[key], %" #register "\n\t"
#define LOADED_ONE_ROUND(OF, round) LOAD(round) COFFER_ONE_ROUND(OF, round)
#define LOADED_EIGHT_ROUND(OF, round) LOAD(round) COFFER_EIGHT_ROUND(OF, round)
#define FORGET "pxor %[key], %[key]\n\t"

struct AesNi {
  using Register = __m128i;
  static constexpr size_t kBlocks = 1, kSize = sizeof(Register);
  static constexpr bool kManyRegisters = false;

  COFFER_INLINE Register zero() { return _mm_setzero_si128(); }
  COFFER_INLINE Register load(const uint8_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  }
  COFFER_INLINE void store(uint8_t* to, Register value) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), value);
  }
  COFFER_INLINE Register load_some(const uint8_t* from, size_t blocks) {
    return blocks == 0 ? zero() : load(from);
  }
  COFFER_INLINE void store_some(uint8_t* to, size_t blocks, Register value) {
    if (blocks != 0) store(to, value);
  }

  COFFER_INLINE void start(const uint8_t* first, Register* tweak) {
    Register value = load(first);
#pragma GCC unroll 8
    for (int i = 0; i < kInFlight; ++i) {
      tweak[i] = value;
      // The sign of each half, where it goes when both are shifted by one.
      const Register signs = _mm_srai_epi32(_mm_shuffle_epi32(value, 0x13), 31);
      value = _mm_xor_si128(_mm_add_epi64(value, value), _mm_and_si128(signs, _mm_set_epi64x(1, kReduction)));
    }
  }
  COFFER_INLINE Register advance(Register tweak) {  // times x^8
    return _mm_xor_si128(_mm_slli_si128(tweak, 1),
                         _mm_clmulepi64_si128(_mm_srli_si128(tweak, 15), _mm_set1_epi64x(kReduction), 0x00));
  }

  COFFER_INLINE Register whiten(Register data, Register tweak, const AesRoundKeys& keys) {
    return add(_mm_xor_si128(data, tweak), keys.key[0]);
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
    return kEncrypt ? _mm_aesenclast_si128(state, tweak) : _mm_aesdeclast_si128(state, tweak);
  }

 private:
  COFFER_INLINE Register add(Register value, const uint8_t (&key)[64]) {
    __asm__("pxor %1, %0" : "+x"(value) : "m"(key));
    return value;
  }
};

}  // namespace

void xts_aes_ni(const XtsSchedule& schedule, bool encrypt, uint64_t first_tweak, uint64_t tweak_increment,
                size_t sector_size, const uint8_t* in, uint8_t* out, size_t sectors) {
  run_xts<AesNi>(schedule, encrypt, first_tweak, tweak_increment, sector_size, in, out, sectors);
}

}  // namespace coffer::crypto
#endif
