// SPDX-License-Identifier: Apache-2.0
#include "keys/message_sealing.h"

#include <algorithm>

#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "format/ciphertext_blob.h"

namespace coffer::keys {

format::MessageKeyInputs random_message_key_inputs() {
  format::MessageKeyInputs inputs;
  std::ranges::copy(crypto::random_bytes(inputs.salt.size()), inputs.salt.begin());
  std::ranges::copy(crypto::random_bytes(inputs.iv.size()), inputs.iv.begin());
  return inputs;
}

Result<Bytes> seal_message(const secret::SecretBytes& key, std::string_view label,
                           const format::MessageKeyInputs& inputs, ByteView associated_data,
                           const secret::SecretBytes& plaintext) {
  const auto message_key = crypto::derive_key(key, label, inputs.salt, crypto::kAeadKeySize);
  return crypto::aead_seal(message_key, inputs.iv, associated_data, plaintext);
}

Result<secret::SecretBytes> open_message(const secret::SecretBytes& key, std::string_view label,
                                         const format::MessageKeyInputs& inputs, ByteView associated_data,
                                         ByteView sealed) {
  const auto message_key = crypto::derive_key(key, label, inputs.salt, crypto::kAeadKeySize);
  auto opened = crypto::aead_open(message_key, inputs.iv, associated_data, sealed);
  if (!opened) return tl::unexpected(format::refused_ciphertext());
  return opened;
}

}  // namespace coffer::keys
