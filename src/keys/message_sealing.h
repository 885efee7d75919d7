// SPDX-License-Identifier: Apache-2.0
// How keyd wraps everything: a key of its own for each message (SP 800-108 from a long-lived key, a label and
// a random 128-bit salt), then AES-256-GCM. Claim: safe for any number of messages under one long-lived key,
// and what was sealed under one label or associated data opens under no other.
#pragma once
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "format/message_key.h"
#include "secret/secret_bytes.h"

namespace coffer::keys {

format::MessageKeyInputs random_message_key_inputs();

// Ciphertext and tag.
Result<Bytes> seal_message(const secret::SecretBytes& key, std::string_view label,
                           const format::MessageKeyInputs& inputs, ByteView associated_data,
                           const secret::SecretBytes& plaintext);
// Any failure is format::refused_ciphertext().
Result<secret::SecretBytes> open_message(const secret::SecretBytes& key, std::string_view label,
                                         const format::MessageKeyInputs& inputs, ByteView associated_data,
                                         ByteView sealed);

}  // namespace coffer::keys
