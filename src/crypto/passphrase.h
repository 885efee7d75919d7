// SPDX-License-Identifier: Apache-2.0
// A key from what a person remembers: Argon2id, version 1.3 (RFC 9106), by the packaged library.
// Claim: each guess costs `memory_kib` of memory and the time to fill it `iterations` times. A passphrase
// that is in a list of passphrases is found all the same.
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "secret/secret_bytes.h"

namespace coffer::crypto {

struct Argon2Cost {
  uint32_t memory_kib = 256 << 10;  // four times RFC 9106's second recommended option (section 4)
  uint32_t iterations = 3;
  uint32_t lanes = 4;
};

// 32 bytes. Its working memory is left out of core dumps and wiped. Blocks for about half a second at the
// default cost. kLimitExceeded when the machine does not have the memory, kInvalidArgument for a cost that
// RFC 9106 does not allow.
Result<secret::SecretBytes> derive_from_passphrase(const secret::SecretBytes& passphrase, ByteView salt,
                                                   const Argon2Cost& cost);

}  // namespace coffer::crypto
