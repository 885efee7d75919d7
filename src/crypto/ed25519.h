// SPDX-License-Identifier: Apache-2.0
// Pure Ed25519 (RFC 8032 section 5.1). Signatures are 64 bytes. Ed25519ph is not here: OpenSSL 3.0 does not
// have it. Thread-safe.
#pragma once
#include "crypto/key_pair.h"

namespace coffer::crypto {

inline constexpr size_t kEd25519SignatureSize = 64;

// kInvalidArgument for a key of another kind.
Result<Bytes> ed25519_sign(const PrivateKey& key, ByteView message);
bool ed25519_verify(const PublicKey& key, ByteView message, ByteView signature);

}  // namespace coffer::crypto
