// SPDX-License-Identifier: Apache-2.0
// Base32 (RFC 4648 section 6) of a secret, which stays one.
#pragma once
#include "secret/secret_bytes.h"

namespace coffer::keys {

// Of a whole number of 5-byte groups, so that nothing is padded.
secret::SecretBytes base32(const secret::SecretBytes& bytes);

}  // namespace coffer::keys
