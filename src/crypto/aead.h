// SPDX-License-Identifier: Apache-2.0
// AES-256-GCM (NIST SP 800-38D), 96-bit IV, 128-bit tag.
// Claim: confidentiality and integrity as long as no IV repeats under one key. Callers here derive a fresh
// key from a random 128-bit salt for each message (kdf.h), so that a random IV is safe at any volume.
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "secret/secret_bytes.h"

namespace coffer::crypto {

inline constexpr size_t kAeadKeySize = 32;
inline constexpr size_t kAeadIvSize = 12;
inline constexpr size_t kAeadTagSize = 16;

// Ciphertext followed by the tag. Fails only on wrong sizes.
Result<Bytes> aead_seal(const secret::SecretBytes& key, ByteView iv, ByteView associated_data,
                        const secret::SecretBytes& plaintext);
// kRefusedCiphertext for anything that does not verify; says no more than that.
Result<secret::SecretBytes> aead_open(const secret::SecretBytes& key, ByteView iv, ByteView associated_data,
                                      ByteView ciphertext_and_tag);

}  // namespace coffer::crypto
