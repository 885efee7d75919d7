// SPDX-License-Identifier: Apache-2.0
#include "secret/registers.h"

namespace coffer::secret {

#ifdef __x86_64__

namespace {

// vzeroall reaches the first sixteen only.
__attribute__((target("avx512f"))) void wipe_upper_sixteen() {
#define COFFER_WIPE(number) \
  __asm__ volatile("vpxorq %%zmm" number ", %%zmm" number ", %%zmm" number ::: "xmm" number)
  COFFER_WIPE("16");
  COFFER_WIPE("17");
  COFFER_WIPE("18");
  COFFER_WIPE("19");
  COFFER_WIPE("20");
  COFFER_WIPE("21");
  COFFER_WIPE("22");
  COFFER_WIPE("23");
  COFFER_WIPE("24");
  COFFER_WIPE("25");
  COFFER_WIPE("26");
  COFFER_WIPE("27");
  COFFER_WIPE("28");
  COFFER_WIPE("29");
  COFFER_WIPE("30");
  COFFER_WIPE("31");
#undef COFFER_WIPE
}

#define COFFER_LOWER_SIXTEEN                                                                                 \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", \
      "xmm13", "xmm14", "xmm15"

__attribute__((target("avx"))) void wipe_lower_sixteen() {
  __asm__ volatile("vzeroall" ::: COFFER_LOWER_SIXTEEN);
}

void wipe_sse_registers() {
  __asm__ volatile(
      "pxor %%xmm0, %%xmm0; pxor %%xmm1, %%xmm1; pxor %%xmm2, %%xmm2; pxor %%xmm3, %%xmm3;"
      "pxor %%xmm4, %%xmm4; pxor %%xmm5, %%xmm5; pxor %%xmm6, %%xmm6; pxor %%xmm7, %%xmm7;"
      "pxor %%xmm8, %%xmm8; pxor %%xmm9, %%xmm9; pxor %%xmm10, %%xmm10; pxor %%xmm11, %%xmm11;"
      "pxor %%xmm12, %%xmm12; pxor %%xmm13, %%xmm13; pxor %%xmm14, %%xmm14; pxor %%xmm15, %%xmm15" ::
          : COFFER_LOWER_SIXTEEN);
}

}  // namespace

void wipe_vector_registers() {
  if (__builtin_cpu_supports("avx512f")) wipe_upper_sixteen();
  if (__builtin_cpu_supports("avx"))
    wipe_lower_sixteen();
  else
    wipe_sse_registers();
}

#else

void wipe_vector_registers() {}

#endif

}  // namespace coffer::secret
