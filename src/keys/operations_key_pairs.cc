// SPDX-License-Identifier: Apache-2.0
// Key material of every kind, what key pairs and MAC keys do, data key pairs, imports.
#include <algorithm>

#include "crypto/mac.h"
#include "format/codec.h"
#include "keys/data_encryption.h"
#include "keys/key_import.h"
#include "keys/key_operations.h"
#include "keys/operations.h"

namespace coffer::keys {
namespace {

using secret::SecretBytes;
namespace protocol = format::keyd;

constexpr int64_t kImportTokenValidity = 24ll * 3600 * 1000000;  // microseconds; as at AWS

Bytes written(const auto& body) {
  format::Writer writer;
  body.write(writer);
  return writer.take();
}

ReplyBody truth(bool value) {
  return ReplyBody{{static_cast<uint8_t>(value ? 1 : 0)}, {}};
}

Bytes public_key_of(const KeyMaterial& material) {
  if (!format::is_key_pair(material.spec)) return {};
  const auto pair = crypto::PrivateKey::parse(key_pair_kind(material.spec), material.bytes,
                                              crypto::PrivateKey::Trust::kOwn);
  return pair ? pair->public_key().der() : Bytes{};
}

Result<protocol::KeyMaterialReply> wrapped(const DomainKeys& domain_keys, const format::KeyBinding& binding,
                                           uint32_t version, const KeyMaterial& material) {
  COFFER_TRY(token, wrap_material(domain_keys, binding, version, material));
  const MaterialId id = material_id(binding.key_id, material);
  return protocol::KeyMaterialReply{std::move(token), Bytes(id.begin(), id.end()), public_key_of(material)};
}

protocol::ImportOutcome outcome_of(ImportRefusal refusal) {
  switch (refusal) {
    case ImportRefusal::kInvalidToken:
      return protocol::ImportOutcome::kInvalidToken;
    case ImportRefusal::kExpiredToken:
      return protocol::ImportOutcome::kExpiredToken;
    case ImportRefusal::kInvalidCiphertext:
      return protocol::ImportOutcome::kInvalidCiphertext;
    case ImportRefusal::kIncorrectMaterial:
      break;
  }
  return protocol::ImportOutcome::kIncorrectMaterial;
}

// The private half sealed as a customer's plaintext is: it opens by Decrypt.
struct DataKeyPair {
  protocol::DataKeyPairReply sealed;
  SecretBytes private_key;
};
Result<DataKeyPair> make_data_key_pair(const SymmetricKey& key,
                                       const protocol::GenerateDataKeyPair& request) {
  if (!format::is_key_pair(request.spec))
    return fail(ErrorKind::kInvalidArgument, "a data key pair is RSA or ECC");
  const auto pair = crypto::PrivateKey::generate(key_pair_kind(request.spec));
  DataKeyPair made{{{}, pair.public_key().der()}, pair.pkcs8()};
  COFFER_TRY(blob, key.seal(format::BlobClass::kCustomer, request.context, made.private_key));
  made.sealed.private_key_blob = std::move(blob);
  return made;
}

}  // namespace

Result<ReplyBody> Operations::create_key_material(const protocol::CreateKeyMaterial& request) const {
  // Which takes time: what wraps it is the domain key of afterwards.
  const KeyMaterial material = generate_material(request.spec);
  COFFER_TRY(made, wrapped(*vault_.keys().get(), request.binding, request.version, material));
  return ReplyBody{written(made), {}};
}

Result<ReplyBody> Operations::sign(const protocol::Sign& request) {
  COFFER_TRY(key, cache_.get(request.key));
  COFFER_TRY(signature,
             keys::sign(*key, request.algorithm, SignedMessage{request.message_type, request.message}));
  return ReplyBody{std::move(signature), {}};
}

Result<ReplyBody> Operations::verify(const protocol::Verify& request) {
  const auto& [key_token, algorithm, type, message] = request.what;
  COFFER_TRY(key, cache_.get(key_token));
  COFFER_TRY(valid, keys::verify(*key, algorithm, SignedMessage{type, message}, request.signature));
  return truth(valid);
}

Result<ReplyBody> Operations::generate_mac(const protocol::GenerateMac& request) {
  COFFER_TRY(key, cache_.get(request.key));
  COFFER_TRY(mac, keys::generate_mac(*key, request.message));
  return ReplyBody{std::move(mac), {}};
}

Result<ReplyBody> Operations::verify_mac(const protocol::VerifyMac& request) {
  COFFER_TRY(key, cache_.get(request.what.key));
  COFFER_TRY(valid, keys::verify_mac(*key, request.what.message, request.mac));
  return truth(valid);
}

Result<ReplyBody> Operations::encrypt_asymmetric(const protocol::EncryptAsymmetric& request) {
  COFFER_TRY(key, cache_.get(request.key));
  COFFER_TRY(ciphertext,
             keys::encrypt_asymmetric(*key, request.algorithm, SecretBytes::copy_of(request.plaintext)));
  return ReplyBody{std::move(ciphertext), {}};
}

Result<ReplyBody> Operations::decrypt_asymmetric(const protocol::DecryptAsymmetric& request) {
  COFFER_TRY(key, cache_.get(request.key));
  COFFER_TRY(plaintext, keys::decrypt_asymmetric(*key, request.algorithm, request.ciphertext));
  return ReplyBody{{}, std::move(plaintext)};
}

Result<ReplyBody> Operations::derive_shared_secret(const protocol::DeriveSharedSecret& request) {
  COFFER_TRY(key, cache_.get(request.key));
  COFFER_TRY(shared, keys::derive_shared_secret(*key, request.peer_public_key));
  return ReplyBody{{}, std::move(shared)};
}

Result<ReplyBody> Operations::generate_data_key_pair(const protocol::GenerateDataKeyPair& request) {
  COFFER_TRY(key, symmetric_key(request.key));
  COFFER_TRY(made, make_data_key_pair(key, request));
  return ReplyBody{written(made.sealed), std::move(made.private_key)};
}

Result<ReplyBody> Operations::generate_data_key_pair_without_plaintext(
    const protocol::GenerateDataKeyPair& request) {
  COFFER_TRY(key, symmetric_key(request.key));
  COFFER_TRY(made, make_data_key_pair(key, request));
  return ReplyBody{written(made.sealed), {}};
}

Result<ReplyBody> Operations::create_import_parameters(
    const protocol::CreateImportParameters& request) const {
  const Timestamp valid_to{clock_.now().microseconds + kImportTokenValidity};
  COFFER_TRY(made, keys::create_import_parameters(*vault_.keys().get(), request.binding,
                                                  request.wrapping_spec, request.algorithm, valid_to));
  return ReplyBody{
      written(protocol::ImportParametersReply{std::move(made.token), std::move(made.public_key_der),
                                              static_cast<uint64_t>(valid_to.microseconds)}),
      {}};
}

Result<ReplyBody> Operations::import_key_material(const protocol::ImportKeyMaterial& request) const {
  const auto material = open_import(*vault_.keys().get(), request.binding, request.spec, request.import_token,
                                    request.wrapped_material, clock_.now());
  if (!material) return ReplyBody{written(protocol::ImportReply{outcome_of(material.error()), {}}), {}};
  COFFER_TRY(key, wrapped(*vault_.keys().get(), request.binding, request.version, *material));
  if (!request.expected_material_id.empty() &&
      !crypto::equal_constant_time(key.material_id, request.expected_material_id))
    return ReplyBody{written(protocol::ImportReply{protocol::ImportOutcome::kOtherMaterial, {}}), {}};
  return ReplyBody{written(protocol::ImportReply{protocol::ImportOutcome::kImported, std::move(key)}), {}};
}

}  // namespace coffer::keys
