// SPDX-License-Identifier: Apache-2.0
#include "crypto/kernels/xts_kernels.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif

namespace coffer::crypto {

#ifdef __x86_64__

namespace {

// Both leaf 7, ECX (Intel's manual, volume 2, CPUID); not every compiler's builtin knows their names.
constexpr unsigned kVaes = 1u << 9, kVpclmulqdq = 1u << 10;

bool has_vaes() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 1 && (ecx & kVaes) != 0 &&
         (ecx & kVpclmulqdq) != 0;
}

// The builtin asks the operating system too: registers that it does not save are not supported.
bool has_aes_ni() {
  return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
}
bool has_vaes_256() {
  return has_aes_ni() && has_vaes() && __builtin_cpu_supports("avx2");
}
bool has_vaes_512() {
  return has_aes_ni() && has_vaes() && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw");
}

constexpr XtsKernel kKernels[] = {{"VAES-512", has_vaes_512, expand_xts_key, xts_vaes_512},
                                  {"VAES-256", has_vaes_256, expand_xts_key, xts_vaes_256},
                                  {"AES-NI", has_aes_ni, expand_xts_key, xts_aes_ni}};

}  // namespace

std::span<const XtsKernel> xts_kernels() {
  return kKernels;
}

#else

std::span<const XtsKernel> xts_kernels() {
  return {};
}

#endif

}  // namespace coffer::crypto
