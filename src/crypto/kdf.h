// SPDX-License-Identifier: Apache-2.0
// Key derivation: SP 800-108 in counter mode with HMAC-SHA-256 (32-bit counter before the fixed data,
// fixed data = label || 0x00 || context || output length in bits, 32-bit big endian), and HKDF-SHA-256
// (RFC 5869).
#pragma once
#include <string_view>

#include "base/bytes.h"
#include "secret/secret_bytes.h"

namespace coffer::crypto {

// Cannot fail for size in 1..8160; aborts otherwise.
secret::SecretBytes derive_key(const secret::SecretBytes& key, std::string_view label, ByteView context,
                               size_t size);
secret::SecretBytes hkdf_sha256(const secret::SecretBytes& input, ByteView salt, ByteView info, size_t size);

}  // namespace coffer::crypto
