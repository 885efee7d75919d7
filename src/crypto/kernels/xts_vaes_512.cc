// SPDX-License-Identifier: Apache-2.0
// AES-256-XTS by VAES and VPCLMULQDQ on 512-bit registers: four blocks each. Compiled for AVX-512F and BW.
// Every round key is a memory operand: none is ever in a register.
#ifdef __x86_64__
#include "crypto/kernels/xts_loop.h"

namespace coffer::crypto {
namespace {

#define ENCRYPT(round, register) "vaesenc 64*" #round "(%[keys]), %" #register ", %" #register "\n\t"
#define DECRYPT(round, register) "vaesdec 64*" #round "(%[keys]), %" #register ", %" #register "\n\t"

constexpr StartShifts<4> kStartShifts;

struct Vaes512 {
  using Register = __m512i;
  static constexpr size_t kBlocks = 4, kSize = sizeof(Register);
  static constexpr bool kManyRegisters = true;

  COFFER_INLINE Register zero() { return _mm512_setzero_si512(); }
  COFFER_INLINE Register load(const uint8_t* from) { return _mm512_loadu_si512(from); }
  COFFER_INLINE void store(uint8_t* to, Register value) { _mm512_storeu_si512(to, value); }

  // What the mask leaves out is not accessed: it cannot fault.
  COFFER_INLINE __mmask8 mask(size_t blocks) {
    return blocks >= kBlocks ? 0xff : static_cast<__mmask8>((1u << 2 * blocks) - 1);
  }
  COFFER_INLINE Register load_some(const uint8_t* from, size_t blocks) {
    return _mm512_maskz_loadu_epi64(mask(blocks), from);
  }
  COFFER_INLINE void store_some(uint8_t* to, size_t blocks, Register value) {
    _mm512_mask_storeu_epi64(to, mask(blocks), value);
  }

  COFFER_INLINE void start(const uint8_t* first, Register* tweak) {
    const Register reduction = _mm512_set1_epi64(kReduction);
    const Register value = _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(first)));
#pragma GCC unroll 8
    for (int i = 0; i < kInFlight; ++i) {
      const Register left = _mm512_sllv_epi64(value, _mm512_load_si512(kStartShifts.left + 8 * i));
      const Register over = _mm512_srlv_epi64(value, _mm512_load_si512(kStartShifts.right + 8 * i));
      tweak[i] = _mm512_ternarylogic_epi64(left, _mm512_bslli_epi128(over, 8),
                                           _mm512_clmulepi64_epi128(over, reduction, 0x01), 0x96);
    }
  }
  COFFER_INLINE Register advance(Register tweak) {  // times x^32
    return _mm512_xor_si512(
        _mm512_bslli_epi128(tweak, 4),
        _mm512_clmulepi64_epi128(_mm512_bsrli_epi128(tweak, 12), _mm512_set1_epi64(kReduction), 0x00));
  }

  COFFER_INLINE Register whiten(Register data, Register tweak, const AesRoundKeys& keys) {
    __asm__("vpternlogq $0x96, %2, %1, %0" : "+v"(data) : "v"(tweak), "m"(keys.key[0]));
    return data;
  }
  template <bool kEncrypt>
  COFFER_INLINE void rounds(Register* state, const AesRoundKeys& keys) {
    if constexpr (kEncrypt)
      __asm__(COFFER_ROUNDS(COFFER_EIGHT_ROUND, ENCRYPT)
              : COFFER_EIGHT("+v", state)
              : [keys] "r"(&keys), "m"(keys));
    else
      __asm__(COFFER_ROUNDS(COFFER_EIGHT_ROUND, DECRYPT)
              : COFFER_EIGHT("+v", state)
              : [keys] "r"(&keys), "m"(keys));
  }
  COFFER_INLINE Register rounds(Register state, const AesRoundKeys& keys) {
    __asm__(COFFER_ROUNDS(COFFER_ONE_ROUND, ENCRYPT) : "+v"(state) : [keys] "r"(&keys), "m"(keys));
    return state;
  }
  // The tweak is added with the last round key.
  template <bool kEncrypt>
  COFFER_INLINE Register last(Register state, Register tweak, const AesRoundKeys& keys) {
    __asm__("vpxorq %2, %1, %0" : "=v"(tweak) : "v"(tweak), "m"(keys.key[14]));
    return kEncrypt ? _mm512_aesenclast_epi128(state, tweak) : _mm512_aesdeclast_epi128(state, tweak);
  }
};

}  // namespace

void xts_vaes_512(const XtsSchedule& schedule, bool encrypt, uint64_t first_tweak, uint64_t tweak_increment,
                  size_t sector_size, const uint8_t* in, uint8_t* out, size_t sectors) {
  run_xts<Vaes512>(schedule, encrypt, first_tweak, tweak_increment, sector_size, in, out, sectors);
}

}  // namespace coffer::crypto
#endif
