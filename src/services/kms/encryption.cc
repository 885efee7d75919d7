// SPDX-License-Identifier: Apache-2.0
#include "services/kms/encryption.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/arn.h"
#include "services/kms/external_keys.h"
#include "services/kms/key_kinds.h"

namespace coffer::services::kms {
namespace {

using format::EncryptionAlgorithm;

constexpr size_t kOaepOverheadBeyondTwoDigests = 2;  // RFC 8017 section 7.1.1

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "ValidationException");
}

tl::unexpected<Error> invalid_ciphertext() {
  return fail(ErrorKind::kRefusedCiphertext, "", "InvalidCiphertextException");
}

Result<EncryptionAlgorithm> checked_algorithm(const FoundKey& found, const std::string& name) {
  const auto algorithm = format::encryption_algorithm(name);
  const auto own = format::encryption_algorithms(spec_of(found.key));
  if (!algorithm || std::ranges::find(own, *algorithm) == own.end())
    return incompatible_algorithm(name, found);
  return *algorithm;
}

Status check_context(EncryptionAlgorithm algorithm, const Context& context) {
  if (algorithm == EncryptionAlgorithm::kSymmetricDefault || context.empty()) return {};
  return invalid("EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.");
}

KeyRequest said_by(const auto& wish, const policy::Context& condition) {
  KeyRequest said = key_request(wish.grant_tokens, wish.context);
  said.condition = condition;
  said.encryption_algorithm = wish.algorithm.value_or("SYMMETRIC_DEFAULT");
  return said;
}

// State, usage, algorithm, context: in that order, once the caller may use the key.
Result<EncryptionAlgorithm> checked_use(const Call& call, const FoundKey& found, const auto& wish) {
  COFFER_CHECK(check_key_state(found, call.operation));
  COFFER_CHECK(require_usage(call, found, "ENCRYPT_DECRYPT"));
  COFFER_TRY(algorithm, checked_algorithm(found, wish.algorithm.value_or("SYMMETRIC_DEFAULT")));
  COFFER_CHECK(check_context(algorithm, wish.context));
  return algorithm;
}

// The key that a symmetric ciphertext must be opened with: the one it names, checked against the one that the
// caller names.
Result<FoundKey> key_of_blob(Call& call, const DecryptionWish& wish, const std::string& named_by_blob,
                             const KeyRequest& said) {
  if (wish.key_identifier) {
    COFFER_TRY(named, find_key(call, wish.action, *wish.key_identifier, AliasUse::kAllowed));
    COFFER_CHECK(authorise_key(call, wish.action, named, said));
    if (named.key.id != named_by_blob)
      return fail(ErrorKind::kInvalidArgument,
                  "The key ID in the request does not identify a CMK that can perform this operation.",
                  "IncorrectKeyException");
    return named;
  }
  // It may be another account's; whether it is there is told to nobody who may not use it.
  const auto unknown = [] {
    return fail(ErrorKind::kPermissionDenied,
                "The ciphertext refers to a customer master key that does not exist, does not exist in this "
                "region, or you are not allowed to access.",
                "AccessDeniedException");
  };
  COFFER_TRY(stored, find_stored(call.installation, call.region, named_by_blob));
  if (!stored) return unknown();
  const bool own = stored->key.account == call.account;
  FoundKey found = found_in(std::move(stored), call.time);
  const auto allowed = authorise_key(call, wish.action, found, said);
  if (!allowed && !own && allowed.error().kind == ErrorKind::kPermissionDenied) return unknown();
  if (!allowed) return tl::unexpected(allowed.error());
  return found;
}

Result<Decryption> checked_rsa_decryption(Call& call, const DecryptionWish& wish, const KeyRequest& said) {
  if (!wish.key_identifier)
    return invalid("KeyId is required when the encryption algorithm is not SYMMETRIC_DEFAULT.");
  COFFER_TRY(found, find_key(call, wish.action, *wish.key_identifier, AliasUse::kAllowed));
  COFFER_CHECK(authorise_key(call, wish.action, found, said));
  COFFER_TRY(algorithm, checked_use(call, found, wish));
  return Decryption{std::move(found), 0, algorithm, {}};
}

}  // namespace

Result<Encryption> checked_encryption(Call& call, const EncryptionWish& wish,
                                      const policy::Context& condition) {
  COFFER_TRY(found, find_key(call, wish.action, wish.key_identifier, AliasUse::kAllowed));
  COFFER_CHECK(authorise_key(call, wish.action, found, said_by(wish, condition)));
  COFFER_TRY(algorithm, checked_use(call, found, wish));
  COFFER_TRY(material, stored_material(call.installation, found));
  auto backing = wrapped(found.key, material.row());
  return Encryption{{std::move(found), std::move(backing), std::move(material)}, algorithm, wish.context};
}

Status check_plaintext_size(const Encryption& encryption, size_t size) {
  if (encryption.algorithm == EncryptionAlgorithm::kSymmetricDefault) return {};
  const auto& spec = encryption.key.found.key.spec;
  const size_t modulus = spec == "RSA_2048" ? 256 : spec == "RSA_3072" ? 384 : 512;
  const size_t digest = encryption.algorithm == EncryptionAlgorithm::kRsaesOaepSha1 ? 20 : 32;
  const size_t largest = modulus - 2 * digest - kOaepOverheadBeyondTwoDigests;
  if (size <= largest) return {};
  return invalid(fmt::format("Algorithm {} and key spec {} cannot encrypt data larger than {} bytes.",
                             format::name_of(encryption.algorithm), spec, largest));
}

Result<Bytes> encrypt_with(Call& call, const Encryption& encryption, ByteView plaintext) {
  auto& keyd = call.installation.keyd;
  if (encryption.algorithm == EncryptionAlgorithm::kSymmetricDefault) {
    COFFER_TRY(blob, keyd.encrypt(encryption.key.backing, plaintext, encryption.context));
    return seal_externally(call.installation, encryption.key.found, user_of(call), encryption.context,
                           std::move(blob));
  }
  return keyd.encrypt_asymmetric(encryption.key.backing, encryption.algorithm, plaintext);
}

Result<Decryption> checked_decryption(Call& call, const DecryptionWish& wish, const Bytes& ciphertext,
                                      const policy::Context& condition) {
  const KeyRequest said = said_by(wish, condition);
  if (wish.algorithm.value_or("SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT")
    return checked_rsa_decryption(call, wish, said);
  const auto identity = keyclient::identify_blob(ciphertext);
  if (!identity) return invalid_ciphertext();
  COFFER_TRY(found, key_of_blob(call, wish, identity->key_id, said));
  COFFER_TRY(algorithm, checked_use(call, found, wish));
  return Decryption{std::move(found), identity->backing_key_version, algorithm, wish.context};
}

Result<Decrypted> decrypt_with(Call& call, const Decryption& decryption, const Bytes& ciphertext) {
  const auto& key = decryption.found.key;
  const bool symmetric = decryption.algorithm == EncryptionAlgorithm::kSymmetricDefault;
  auto& keyd = call.installation.keyd;
  auto stored = stored_material(call.installation, decryption.found, decryption.backing_key_version);
  auto plaintext = stored.and_then([&](const StoredMaterial& material) -> Result<secret::SecretBytes> {
    const auto backing = wrapped(key, material.row());
    if (!symmetric) return keyd.decrypt_asymmetric(backing, decryption.algorithm, ciphertext);
    if (!is_external(key)) return keyd.decrypt(backing, ciphertext, decryption.context);
    COFFER_TRY(inner, open_externally(call.installation, decryption.found, user_of(call), decryption.context,
                                      ciphertext));
    return keyd.decrypt(backing, inner, decryption.context);
  });
  if (!plaintext && plaintext.error().kind == ErrorKind::kRefusedCiphertext) return invalid_ciphertext();
  if (!plaintext) return tl::unexpected(plaintext.error());
  return Decrypted{std::move(*plaintext), stored->id()};
}

}  // namespace coffer::services::kms
