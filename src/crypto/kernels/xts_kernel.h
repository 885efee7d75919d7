// SPDX-License-Identifier: Apache-2.0
// What an AES-256-XTS kernel is. Included by files that are compiled for newer processors than the rest, so
// it includes nothing with inline functions: the linker could keep their copy, for every processor.
// Processors without a kernel have none of this: OpenSSL serves them.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace coffer::crypto {

// Round keys, each four times, so that they can be memory operands of instructions on one to four blocks.
struct alignas(64) AesRoundKeys {
  uint8_t key[15][64];
};

// The expanded key. Secret: lives in the arena. `decrypt` is in the order of use, for the equivalent inverse
// cipher (FIPS 197 section 5.3.5).
struct XtsSchedule {
  AesRoundKeys encrypt, decrypt;
  AesRoundKeys tweak;  // of the key's second half
};

// En- or decrypts `sectors` sectors of sector_size bytes each, a multiple of 16. The tweak of the first is
// first_tweak, little endian; each further one's is tweak_increment more, modulo 2^64. Any alignment; `in`
// and `out` are the same or do not overlap; not a byte outside of them is touched. Leaves data, no key, in
// the vector registers. Thread-safe.
using XtsFunction = void (*)(const XtsSchedule& schedule, bool encrypt, uint64_t first_tweak,
                             uint64_t tweak_increment, size_t sector_size, const uint8_t* in, uint8_t* out,
                             size_t sectors);

struct XtsKernel {
  const char* name;                                           // "VAES-512"
  bool (*is_runnable)();                                      // by this processor and operating system
  void (*expand)(const uint8_t* key, XtsSchedule& schedule);  // 64 bytes; leaves key in vector registers
  XtsFunction run;
};

#ifdef __x86_64__
void xts_vaes_512(const XtsSchedule& schedule, bool encrypt, uint64_t first_tweak, uint64_t tweak_increment,
                  size_t sector_size, const uint8_t* in, uint8_t* out, size_t sectors);
void xts_vaes_256(const XtsSchedule& schedule, bool encrypt, uint64_t first_tweak, uint64_t tweak_increment,
                  size_t sector_size, const uint8_t* in, uint8_t* out, size_t sectors);
void xts_aes_ni(const XtsSchedule& schedule, bool encrypt, uint64_t first_tweak, uint64_t tweak_increment,
                size_t sector_size, const uint8_t* in, uint8_t* out, size_t sectors);
void expand_xts_key(const uint8_t* key, XtsSchedule& schedule);  // needs AES-NI, as every kernel does
#endif

}  // namespace coffer::crypto
