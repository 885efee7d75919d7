// SPDX-License-Identifier: Apache-2.0
#include "crypto/cipher_policy.h"

#include <atomic>
#include <cstdlib>

#include "crypto/kernels/xts_admission.h"
#include "crypto/kernels/xts_kernels.h"

namespace coffer::crypto {
namespace {

CipherPolicy chosen_policy = CipherPolicy::kAutomatic;
std::atomic<bool> in_use{false};

}  // namespace

void set_cipher_policy(CipherPolicy policy) {
  if (in_use) std::abort();
  chosen_policy = policy;
}

const XtsKernel* admitted_kernel() {
  static const XtsKernel* const kernel = [] {
    in_use = true;
    return chosen_policy == CipherPolicy::kOpensslOnly ? nullptr : choose_kernel(xts_kernels());
  }();
  return kernel;
}

std::string xts_provider() {
  const XtsKernel* const kernel = admitted_kernel();
  return kernel == nullptr ? "OpenSSL" : kernel->name;
}

}  // namespace coffer::crypto
