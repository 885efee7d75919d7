// SPDX-License-Identifier: Apache-2.0
// Public keys by their numbers, as JSON Web Keys have them, and the signatures of JSON Web Tokens under them:
// RS256 and ES256 (RFC 7518 sections 3.3, 3.4, 6.2, 6.3). Thread-safe.
#pragma once
#include "crypto/key_pair.h"

namespace coffer::crypto {

// Big-endian. kInvalidArgument unless it is a key of 2048, 3072 or 4096 bits that PublicKey takes.
Result<PublicKey> rsa_public_key(ByteView modulus, ByteView exponent);
// 32 bytes each. kInvalidArgument unless they are a point of P-256.
Result<PublicKey> p256_public_key(ByteView x, ByteView y);

// By the algorithm that the key's kind is for: RSASSA-PKCS1-v1_5 with SHA-256, or ECDSA with SHA-256, whose
// signature is r and s of 32 bytes each. False for a key of another kind.
bool verify_token_signature(const PublicKey& key, ByteView signed_part, ByteView signature);

}  // namespace coffer::crypto
