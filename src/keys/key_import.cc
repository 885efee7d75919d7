// SPDX-License-Identifier: Apache-2.0
#include "keys/key_import.h"

#include "crypto/key_wrap.h"
#include "crypto/rsa.h"
#include "format/codec.h"
#include "keys/message_sealing.h"

namespace coffer::keys {
namespace {

using crypto::Hash;
using format::KeySpec;
using format::WrappingAlgorithm;
using secret::SecretBytes;

constexpr std::string_view kLabel = "coffer import token v1";

Hash hash_of(WrappingAlgorithm algorithm) {
  const bool sha1 =
      algorithm == WrappingAlgorithm::kRsaesOaepSha1 || algorithm == WrappingAlgorithm::kRsaAesKeyWrapSha1;
  return sha1 ? Hash::kSha1 : Hash::kSha256;
}

bool has_aes_step(WrappingAlgorithm algorithm) {
  return algorithm == WrappingAlgorithm::kRsaAesKeyWrapSha1 ||
         algorithm == WrappingAlgorithm::kRsaAesKeyWrapSha256;
}

// CKM_RSA_AES_KEY_WRAP (PKCS #11 version 2.40, section 2.1.21): an AES key under OAEP, as long as the
// modulus, then the material under that key.
Result<SecretBytes> unwrap(const crypto::PrivateKey& key, WrappingAlgorithm algorithm, ByteView wrapped) {
  if (!has_aes_step(algorithm)) return crypto::rsa_decrypt_oaep(key, hash_of(algorithm), wrapped);
  const size_t size = crypto::modulus_size(key.kind());
  if (wrapped.size() <= size) return fail(ErrorKind::kRefusedCiphertext, "the ciphertext was refused");
  COFFER_TRY(aes_key, crypto::rsa_decrypt_oaep(key, hash_of(algorithm), wrapped.first(size)));
  return crypto::unwrap_key_with_padding(aes_key, wrapped.subspan(size));
}

// As AWS refuses them: an RSA key does not fit OAEP, and another format of it shall not slip through.
bool may_wrap(WrappingAlgorithm algorithm, KeySpec spec) {
  return has_aes_step(algorithm) || !format::is_rsa(spec);
}

}  // namespace

Result<ImportParameters> create_import_parameters(const DomainKeys& domain_keys,
                                                  const format::KeyBinding& binding, KeySpec spec,
                                                  WrappingAlgorithm algorithm, Timestamp valid_to) {
  if (!format::is_rsa(spec)) return fail(ErrorKind::kInvalidArgument, "a wrapping key is an RSA key");
  const auto pair = crypto::PrivateKey::generate(key_pair_kind(spec));
  const format::ImportTokenHeader header{spec, algorithm, valid_to, domain_keys.newest_version(),
                                         random_message_key_inputs()};
  const Bytes header_bytes = format::encode(header);
  COFFER_TRY(sealed, seal_message(domain_keys.newest(), kLabel, header.inputs,
                                  format::associated_data(header_bytes, binding), pair.pkcs8()));
  return ImportParameters{format::Writer().raw(header_bytes).raw(sealed).take(), pair.public_key().der()};
}

tl::expected<KeyMaterial, ImportRefusal> open_import(const DomainKeys& domain_keys,
                                                     const format::KeyBinding& binding, KeySpec spec,
                                                     ByteView import_token, ByteView wrapped_material,
                                                     Timestamp now) {
  const auto token = format::parse_import_token(import_token);
  const SecretBytes* domain_key = token ? domain_keys.find(token->header.domain_key_version) : nullptr;
  if (domain_key == nullptr) return tl::unexpected(ImportRefusal::kInvalidToken);
  const auto sealed_key = open_message(*domain_key, kLabel, token->header.inputs,
                                       format::associated_data(token->header_bytes, binding), token->sealed);
  if (!sealed_key) return tl::unexpected(ImportRefusal::kInvalidToken);
  if (now >= token->header.valid_to) return tl::unexpected(ImportRefusal::kExpiredToken);
  const auto pair = crypto::PrivateKey::parse(key_pair_kind(token->header.wrapping_spec), *sealed_key,
                                              crypto::PrivateKey::Trust::kOwn);
  if (!pair) return tl::unexpected(ImportRefusal::kInvalidToken);
  const auto bytes = unwrap(*pair, token->header.algorithm, wrapped_material);
  if (!bytes) return tl::unexpected(ImportRefusal::kInvalidCiphertext);
  auto material = check_foreign_material(spec, *bytes);
  if (!may_wrap(token->header.algorithm, spec) || !material)
    return tl::unexpected(ImportRefusal::kIncorrectMaterial);
  return std::move(*material);
}

}  // namespace coffer::keys
