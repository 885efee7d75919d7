// SPDX-License-Identifier: Apache-2.0
#include "crypto/kernels/xts_kernels.h"

namespace coffer::crypto {

#ifdef __x86_64__

namespace {

// These ask the operating system too: registers that it does not save are not supported.
bool has_vaes_512() {
  return __builtin_cpu_supports("aes") && __builtin_cpu_supports("vaes") &&
         __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw");
}
bool has_vaes_256() {
  return __builtin_cpu_supports("aes") && __builtin_cpu_supports("vaes") &&
         __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx2");
}
bool has_aes_ni() {
  return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
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
