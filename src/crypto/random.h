// SPDX-License-Identifier: Apache-2.0
// Random bytes for keys, salts, IVs and nonces, always from the kernel.
#pragma once
#include "base/bytes.h"
#include "secret/secret_bytes.h"

namespace coffer::crypto {
secret::SecretBytes random_secret(size_t size);
Bytes random_bytes(size_t size);
}  // namespace coffer::crypto
