// SPDX-License-Identifier: Apache-2.0
// An XtsCipher that runs a kernel of ours. Its only state is the key schedule, in the arena and wiped with
// it, so any number of threads use it at once.
#pragma once
#include <memory>

#include "crypto/kernels/xts_kernel.h"
#include "crypto/xts.h"

namespace coffer::crypto {

// `kernel` is runnable and outlives the cipher; `key` has been checked by the caller.
std::unique_ptr<XtsCipher> make_kernel_xts(const XtsKernel& kernel, ByteView key);

}  // namespace coffer::crypto
