// SPDX-License-Identifier: Apache-2.0
// Which kernel may encrypt: one that gives what published vectors and OpenSSL give, on this very machine.
#pragma once
#include <span>

#include "base/result.h"
#include "crypto/kernels/xts_kernel.h"

namespace coffer::crypto {

// About a millisecond. The error says which comparison failed.
Status admit(const XtsKernel& kernel);

// The first that is runnable and admitted; null when none is. One that is refused is logged with the reason.
const XtsKernel* choose_kernel(std::span<const XtsKernel> kernels);

}  // namespace coffer::crypto
