// SPDX-License-Identifier: Apache-2.0
#include "keys/key_material.h"

#include <algorithm>
#include <cstdlib>

#include "crypto/mac.h"
#include "crypto/random.h"
#include "format/backing_key_token.h"
#include "format/codec.h"

namespace coffer::keys {
namespace {

using crypto::Hash;
using crypto::KeyPairKind;
using format::KeySpec;
using secret::SecretBytes;

constexpr std::string_view kIdLabel = "coffer key material id v1";

bool is_hmac_key_size(KeySpec spec, size_t size) {
  const size_t shortest = crypto::digest_size(mac_hash(spec));
  const size_t longest = shortest <= 32 ? 64 : 128;  // the hash's block
  return size >= shortest && size <= longest;
}

}  // namespace

KeyMaterial generate_material(KeySpec spec) {
  if (format::is_key_pair(spec)) return {spec, crypto::PrivateKey::generate(key_pair_kind(spec)).pkcs8()};
  if (format::is_hmac(spec)) return {spec, crypto::random_secret(crypto::digest_size(mac_hash(spec)))};
  return {spec, crypto::random_secret(format::kBackingKeySize)};
}

Result<KeyMaterial> check_foreign_material(KeySpec spec, const SecretBytes& bytes) {
  if (format::is_key_pair(spec)) {
    COFFER_TRY(pair, crypto::PrivateKey::parse(key_pair_kind(spec), bytes));
    return KeyMaterial{spec, pair.pkcs8()};
  }
  const bool fits =
      format::is_hmac(spec) ? is_hmac_key_size(spec, bytes.size()) : bytes.size() == format::kBackingKeySize;
  if (!fits) return fail(ErrorKind::kInvalidArgument, "not key material of the kind that is needed");
  return KeyMaterial{spec, bytes.clone()};
}

KeyPairKind key_pair_kind(KeySpec spec) {
  switch (spec) {
    case KeySpec::kRsa2048:
      return KeyPairKind::kRsa2048;
    case KeySpec::kRsa3072:
      return KeyPairKind::kRsa3072;
    case KeySpec::kRsa4096:
      return KeyPairKind::kRsa4096;
    case KeySpec::kEccNistP256:
      return KeyPairKind::kP256;
    case KeySpec::kEccNistP384:
      return KeyPairKind::kP384;
    case KeySpec::kEccNistP521:
      return KeyPairKind::kP521;
    case KeySpec::kEccSecgP256k1:
      return KeyPairKind::kSecp256k1;
    case KeySpec::kEccNistEdwards25519:
      return KeyPairKind::kEd25519;
    default:
      std::abort();
  }
}

Hash mac_hash(KeySpec spec) {
  switch (spec) {
    case KeySpec::kHmac224:
      return Hash::kSha224;
    case KeySpec::kHmac256:
      return Hash::kSha256;
    case KeySpec::kHmac384:
      return Hash::kSha384;
    case KeySpec::kHmac512:
      return Hash::kSha512;
    default:
      std::abort();
  }
}

MaterialId material_id(const std::string& key_id, const KeyMaterial& material) {
  return crypto::hmac_sha256(material.bytes, format::Writer().field(kIdLabel).field(key_id).bytes());
}

}  // namespace coffer::keys
