// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

#include "crypto/kernels/xts_kernel.h"

namespace coffer::crypto {

// All kernels of this build, the fastest first; whether this machine runs them, they say. Empty on processors
// other than x86-64.
std::span<const XtsKernel> xts_kernels();

}  // namespace coffer::crypto
