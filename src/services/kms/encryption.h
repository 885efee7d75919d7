// SPDX-License-Identifier: Apache-2.0
// Encrypting under a KMS key and decrypting what was so encrypted, symmetric and RSA: the two halves that
// Encrypt, Decrypt and ReEncrypt are made of. Each half first checks everything, so that ReEncrypt and DryRun
// can ask both before anything is done. Source: AWS KMS API Reference, Encrypt, Decrypt, ReEncrypt.
#pragma once
#include <string>

#include "format/key_kinds.h"
#include "services/kms/key_use.h"

namespace coffer::services::kms {

struct EncryptionWish {
  std::string action;          // "kms:Encrypt", "kms:ReEncryptTo"
  std::string key_identifier;  // any name of a key
  Context context;
  std::optional<std::string> algorithm;  // SYMMETRIC_DEFAULT without one
  std::optional<std::vector<std::string>> grant_tokens;
};
// A key that may encrypt so, and with what.
struct Encryption {
  UsableKey key;
  format::EncryptionAlgorithm algorithm = format::EncryptionAlgorithm::kSymmetricDefault;
  Context context;
};
// `condition` gets what more the operation says (kms:ReEncryptOnSameKey).
Result<Encryption> checked_encryption(Call& call, const EncryptionWish& wish,
                                      const policy::Context& condition = {});
// ValidationException when the plaintext is too long for the key and the algorithm.
Status check_plaintext_size(const Encryption& encryption, size_t size);
Result<Bytes> encrypt_with(Call& call, const Encryption& encryption, ByteView plaintext);

struct DecryptionWish {
  std::string action;                         // "kms:Decrypt", "kms:ReEncryptFrom"
  std::optional<std::string> key_identifier;  // needed for RSA only
  Context context;
  std::optional<std::string> algorithm;
  std::optional<std::vector<std::string>> grant_tokens;
};
struct Decryption {
  FoundKey found;
  uint32_t backing_key_version = 0;  // 0: the current one
  format::EncryptionAlgorithm algorithm = format::EncryptionAlgorithm::kSymmetricDefault;
  Context context;
};
Result<Decryption> checked_decryption(Call& call, const DecryptionWish& wish, const Bytes& ciphertext,
                                      const policy::Context& condition = {});
// The key that a ciphertext names or the request says, for authorisation elsewhere.
struct Decrypted {
  secret::SecretBytes plaintext;
  std::string material_id;  // empty for RSA
};
// InvalidCiphertextException for whatever does not open.
Result<Decrypted> decrypt_with(Call& call, const Decryption& decryption, const Bytes& ciphertext);

}  // namespace coffer::services::kms
