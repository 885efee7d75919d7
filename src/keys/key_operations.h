// SPDX-License-Identifier: Apache-2.0
// What key pairs and MAC keys do, given an opened backing key. Each refuses, with kInvalidArgument, a key of
// another kind and an algorithm that the key's spec does not have: the token says what a key is for, whatever
// the request says. Pure but for the randomness of signatures and ciphertexts; thread-safe.
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "format/key_kinds.h"
#include "keys/backing_keys.h"

namespace coffer::keys {

// Either the message, which is hashed here, or a digest that is signed as it is.
struct SignedMessage {
  format::MessageType type = format::MessageType::kRaw;
  ByteView bytes;
};

Result<Bytes> sign(const BackingKey& key, format::SigningAlgorithm algorithm, const SignedMessage& message);
Result<bool> verify(const BackingKey& key, format::SigningAlgorithm algorithm, const SignedMessage& message,
                    ByteView signature);

Result<Bytes> generate_mac(const BackingKey& key, ByteView message);
Result<bool> verify_mac(const BackingKey& key, ByteView message, ByteView mac);  // in constant time

Result<Bytes> encrypt_asymmetric(const BackingKey& key, format::EncryptionAlgorithm algorithm,
                                 const secret::SecretBytes& plaintext);
// kRefusedCiphertext for anything that does not decrypt.
Result<secret::SecretBytes> decrypt_asymmetric(const BackingKey& key, format::EncryptionAlgorithm algorithm,
                                               ByteView ciphertext);

// `peer` is a SubjectPublicKeyInfo on the key's own curve; kInvalidArgument for any other.
Result<secret::SecretBytes> derive_shared_secret(const BackingKey& key, ByteView peer);

}  // namespace coffer::keys
