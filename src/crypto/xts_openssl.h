// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "crypto/xts.h"

namespace coffer::crypto {

// OpenSSL's implementation: the reference for our kernels, and what runs where none of them does. `key` has
// been checked by the caller.
std::unique_ptr<XtsCipher> make_openssl_xts(ByteView key);

}  // namespace coffer::crypto
