// SPDX-License-Identifier: Apache-2.0
// A box that only the holder of one X25519 private key (RFC 7748) opens: ephemeral key agreement,
// HKDF-SHA-256 over the shared secret with both public keys as info, AES-256-GCM with the caller's binding
// as associated data. Box = ephemeral public key (32) || IV (12) || ciphertext || tag.
// Claim: confidentiality towards whoever relays it; the binding cannot be changed; no sender authentication
// (the recipient trusts the channel over which it enrolled).
#pragma once
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "secret/secret_bytes.h"

namespace coffer::crypto {

inline constexpr size_t kX25519KeySize = 32;

struct RecipientKeyPair {
  secret::SecretBytes private_key;
  Bytes public_key;
};
Result<RecipientKeyPair> make_recipient_key_pair();

Result<Bytes> seal_box(ByteView recipient_public_key, ByteView binding, const secret::SecretBytes& plaintext);
// kRefusedCiphertext for anything that does not verify.
Result<secret::SecretBytes> open_box(const RecipientKeyPair& recipient, ByteView binding, ByteView box);

}  // namespace coffer::crypto
