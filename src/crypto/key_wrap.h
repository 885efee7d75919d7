// SPDX-License-Identifier: Apache-2.0
// AES key wrap with padding: RFC 5649, KWP of NIST SP 800-38F. A key-encryption key of 16, 24 or 32 bytes;
// what is wrapped has any length from one byte on. Thread-safe.
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "secret/secret_bytes.h"

namespace coffer::crypto {

// kInvalidArgument for a wrong size of either.
Result<Bytes> wrap_key_with_padding(const secret::SecretBytes& key_encryption_key,
                                    const secret::SecretBytes& key);
// kRefusedCiphertext for anything that does not unwrap; says no more than that.
Result<secret::SecretBytes> unwrap_key_with_padding(const secret::SecretBytes& key_encryption_key,
                                                    ByteView wrapped);

}  // namespace coffer::crypto
