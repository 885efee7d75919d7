// SPDX-License-Identifier: Apache-2.0
// The elliptic curve cofactor Diffie-Hellman primitive (NIST SP 800-56A revision 3, section 5.7.1.2) on
// P-256, P-384 and P-521: the raw shared secret, the x coordinate, as long as the field. Thread-safe.
#pragma once
#include "crypto/key_pair.h"

namespace coffer::crypto {

// kInvalidArgument unless both keys are on one and the same of these curves.
Result<secret::SecretBytes> ecdh(const PrivateKey& key, const PublicKey& peer);

}  // namespace coffer::crypto
