// SPDX-License-Identifier: Apache-2.0
// HMAC (FIPS 198-1) with any of SHA-2, for KMS's MAC keys, and with SHA-1, for one-time codes. Thread-safe;
// cannot fail for a key of at least one byte. Compare with equal_constant_time (mac.h).
#pragma once
#include "crypto/hash.h"
#include "secret/secret_bytes.h"

namespace coffer::crypto {

// As many bytes as digest_size(hash).
Bytes hmac(Hash hash, const secret::SecretBytes& key, ByteView data);

}  // namespace coffer::crypto
