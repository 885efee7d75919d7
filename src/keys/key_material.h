// SPDX-License-Identifier: Apache-2.0
// What a KMS key is made of: 32 random bytes, an HMAC key, or a key pair as PKCS#8. Here it is made, checked
// and told apart; backing_keys.h wraps it.
#pragma once
#include <array>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "crypto/key_pair.h"
#include "format/key_kinds.h"
#include "secret/secret_bytes.h"

namespace coffer::keys {

struct KeyMaterial {
  format::KeySpec spec = format::KeySpec::kSymmetricDefault;
  secret::SecretBytes bytes;
  bool in_hsm = false;  // `bytes` are no material, but say where it is: format/hsm_object.h
};

// A key pair takes from a millisecond (ECC) to some seconds (RSA_4096).
KeyMaterial generate_material(format::KeySpec spec);

// Somebody else's material, as a key of that spec: 32 bytes, an HMAC key of a length that AWS takes, or the
// PKCS#8 of just such a key pair, which is kept in our own encoding. kInvalidArgument otherwise; says no
// more about it. Source: AWS KMS Developer Guide, "Requirements for imported key material".
Result<KeyMaterial> check_foreign_material(format::KeySpec spec, const secret::SecretBytes& bytes);

// The kind of the pair that is_key_pair(spec), and the hash that is_hmac(spec), name; abort otherwise.
crypto::KeyPairKind key_pair_kind(format::KeySpec spec);
crypto::Hash mac_hash(format::KeySpec spec);

// AWS's KeyMaterialId: the same material in the same KMS key always has the same, and nobody can tell the
// material from it. HMAC-SHA-256 under the material (docs/format/token.md).
using MaterialId = std::array<uint8_t, 32>;
MaterialId material_id(const std::string& key_id, const KeyMaterial& material);

}  // namespace coffer::keys
