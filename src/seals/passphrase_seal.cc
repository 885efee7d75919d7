// SPDX-License-Identifier: Apache-2.0
#include "seals/passphrase_seal.h"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/kdf.h"
#include "crypto/mac.h"
#include "crypto/random.h"

namespace coffer::seals {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

constexpr size_t kKeySize = 32;

Bytes check_of(const SecretBytes& stretched, ByteView salt) {
  const auto check = crypto::derive_key(stretched, "coffer passphrase check v1", salt,
                                        sizeof(format::PassphraseParameters::check));
  return to_bytes(check.read(RawAccess::because("the check is stored in the clear")));
}

SecretBytes key_of(const SecretBytes& stretched, ByteView salt) {
  return crypto::derive_key(stretched, "coffer passphrase key v1", salt, kKeySize);
}

}  // namespace

Result<PassphraseKey> make_passphrase_key(const SecretBytes& passphrase, const crypto::Argon2Cost& cost) {
  if (passphrase.size() < kShortestPassphrase || passphrase.size() > kLongestPassphrase)
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("a passphrase has {} to {} characters", kShortestPassphrase, kLongestPassphrase));
  format::PassphraseParameters parameters;
  std::ranges::copy(crypto::random_bytes(parameters.salt.size()), parameters.salt.begin());
  parameters.memory_kib = cost.memory_kib;
  parameters.iterations = cost.iterations;
  parameters.lanes = cost.lanes;
  COFFER_TRY(stretched, crypto::derive_from_passphrase(passphrase, parameters.salt, cost));
  std::ranges::copy(check_of(stretched, parameters.salt), parameters.check.begin());
  return PassphraseKey{parameters, key_of(stretched, parameters.salt)};
}

Result<SecretBytes> open_passphrase_key(const SecretBytes& passphrase,
                                        const format::PassphraseParameters& parameters) {
  COFFER_TRY(stretched, crypto::derive_from_passphrase(
                            passphrase, parameters.salt,
                            {parameters.memory_kib, parameters.iterations, parameters.lanes}));
  if (!crypto::equal_constant_time(check_of(stretched, parameters.salt), parameters.check))
    return fail(ErrorKind::kRefusedCiphertext, "that is not the passphrase of this seal");
  return key_of(stretched, parameters.salt);
}

std::string description_of(const format::PassphraseParameters& parameters) {
  return fmt::format("passphrase (Argon2id, {} MiB, {} passes)", parameters.memory_kib >> 10,
                     parameters.iterations);
}

}  // namespace coffer::seals
