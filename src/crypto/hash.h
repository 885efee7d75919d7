// SPDX-License-Identifier: Apache-2.0
// The hash functions that KMS's algorithms are built on: SHA-1 (in RSA-OAEP and one-time codes only) and
// SHA-2, FIPS 180-4. Thread-safe; cannot fail.
#pragma once
#include "base/bytes.h"

namespace coffer::crypto {

enum class Hash { kSha1, kSha224, kSha256, kSha384, kSha512 };

size_t digest_size(Hash hash);  // in bytes
Bytes digest(Hash hash, ByteView data);

}  // namespace coffer::crypto
