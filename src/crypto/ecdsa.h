// SPDX-License-Identifier: Apache-2.0
// ECDSA (FIPS 186-5 section 6) on P-256, P-384, P-521 and secp256k1. Signatures are DER, a SEQUENCE of r and
// s (RFC 3279 section 2.2.3); any other encoding of the same numbers is refused. Thread-safe.
#pragma once
#include "crypto/key_pair.h"

namespace coffer::crypto {

// Of the digest as given; a digest longer than the curve's order is cut, as the standard says.
// kInvalidArgument for a key of another kind or an empty digest.
Result<Bytes> ecdsa_sign(const PrivateKey& key, ByteView message_digest);
bool ecdsa_verify(const PublicKey& key, ByteView message_digest, ByteView signature);

}  // namespace coffer::crypto
