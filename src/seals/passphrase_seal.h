// SPDX-License-Identifier: Apache-2.0
// A seal whose key comes from a passphrase by Argon2id. The passphrase itself goes no further than the
// process that asked for it: what is handed on is the seal's key.
#pragma once
#include "crypto/passphrase.h"
#include "format/seal_parameters.h"
#include "secret/secret_bytes.h"

namespace coffer::seals {

inline constexpr size_t kShortestPassphrase = 8;  // bytes
inline constexpr size_t kLongestPassphrase = 1024;

struct PassphraseKey {
  format::PassphraseParameters parameters;
  secret::SecretBytes key;
};
// A new seal with a random salt. kInvalidArgument for a passphrase that is too short or too long.
Result<PassphraseKey> make_passphrase_key(const secret::SecretBytes& passphrase,
                                          const crypto::Argon2Cost& cost = {});
// The key of an existing one; kRefusedCiphertext when the passphrase is another.
Result<secret::SecretBytes> open_passphrase_key(const secret::SecretBytes& passphrase,
                                                const format::PassphraseParameters& parameters);

std::string description_of(const format::PassphraseParameters& parameters);

}  // namespace coffer::seals
