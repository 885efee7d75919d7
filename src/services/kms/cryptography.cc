// SPDX-License-Identifier: Apache-2.0
// Encrypt, Decrypt, ReEncrypt.
#include "services/kms/encryption.h"
#include "services/kms/kms_service.h"

namespace coffer::services::kms {
namespace {

std::optional<std::string> unless_empty(std::string text) {
  if (text.empty()) return std::nullopt;
  return text;
}

std::string name(format::EncryptionAlgorithm algorithm) {
  return std::string(format::name_of(algorithm));
}

// kms:ReEncryptOnSameKey, as far as it can be told before both keys are found: by their ids.
policy::Context same_key_condition(bool same) {
  policy::Context condition;
  condition.set("kms:ReEncryptOnSameKey", std::string(same ? "true" : "false"));
  return condition;
}

// The id of the source key, where request or ciphertext tell it; whether there is such a key comes later.
std::string source_key_id(Call& call, const api::ReEncryptRequest& request) {
  if (request.source_key_id) {
    const auto found = find_key(call, "kms:ReEncryptFrom", *request.source_key_id, AliasUse::kAllowed);
    return found ? found->key.id : std::string();
  }
  const auto identity = keyclient::identify_blob(request.ciphertext_blob);
  return identity ? identity->key_id : std::string();
}

std::string destination_key_id(Call& call, const api::ReEncryptRequest& request) {
  const auto found = find_key(call, "kms:ReEncryptTo", request.destination_key_id, AliasUse::kAllowed);
  return found ? found->key.id : std::string();
}

}  // namespace

Result<api::EncryptResponse> KmsService::encrypt(Call& call, const api::EncryptRequest& request) {
  COFFER_TRY(context, checked_context(request.encryption_context));
  COFFER_TRY(encryption, checked_encryption(call, {"kms:Encrypt", request.key_id, std::move(context),
                                                   request.encryption_algorithm, request.grant_tokens}));
  COFFER_CHECK(check_plaintext_size(encryption, request.plaintext.size()));
  COFFER_CHECK(refuse_dry_run(request.dry_run));
  COFFER_TRY(blob, encrypt_with(call, encryption, request.plaintext));
  api::EncryptResponse response;
  response.ciphertext_blob = std::move(blob);
  response.key_id = encryption.key.found.arn;
  response.encryption_algorithm = name(encryption.algorithm);
  return response;
}

Result<api::DecryptResponse> KmsService::decrypt(Call& call, const api::DecryptRequest& request) {
  COFFER_TRY(context, checked_context(request.encryption_context));
  COFFER_TRY(decryption, checked_decryption(call,
                                            {"kms:Decrypt", request.key_id, std::move(context),
                                             request.encryption_algorithm, request.grant_tokens},
                                            request.ciphertext_blob));
  COFFER_CHECK(refuse_recipient(request.recipient));
  COFFER_TRY(opened, decrypt_with(call, decryption, request.ciphertext_blob));
  COFFER_CHECK(refuse_dry_run(request.dry_run));  // a ciphertext that does not open would have been refused
  api::DecryptResponse response;
  response.key_id = decryption.found.arn;
  response.plaintext = hand_out(opened.plaintext);
  response.encryption_algorithm = name(decryption.algorithm);
  response.key_material_id = unless_empty(std::move(opened.material_id));
  return response;
}

Result<api::ReEncryptResponse> KmsService::re_encrypt(Call& call, const api::ReEncryptRequest& request) {
  COFFER_TRY(source_context, checked_context(request.source_encryption_context));
  COFFER_TRY(destination_context, checked_context(request.destination_encryption_context));
  const auto condition =
      same_key_condition(source_key_id(call, request) == destination_key_id(call, request));
  COFFER_TRY(source,
             checked_decryption(call,
                                {"kms:ReEncryptFrom", request.source_key_id, std::move(source_context),
                                 request.source_encryption_algorithm, request.grant_tokens},
                                request.ciphertext_blob, condition));
  COFFER_TRY(destination, checked_encryption(
                              call,
                              {"kms:ReEncryptTo", request.destination_key_id, std::move(destination_context),
                               request.destination_encryption_algorithm, request.grant_tokens},
                              condition));
  COFFER_TRY(opened, decrypt_with(call, source, request.ciphertext_blob));
  COFFER_CHECK(check_plaintext_size(destination, opened.plaintext.size()));
  COFFER_CHECK(refuse_dry_run(request.dry_run));
  COFFER_TRY(blob, encrypt_with(call, destination,
                                opened.plaintext.read(secret::RawAccess::because(
                                    "a plaintext goes from one key's ciphertext to another's"))));
  api::ReEncryptResponse response;
  response.ciphertext_blob = std::move(blob);
  response.source_key_id = source.found.arn;
  response.key_id = destination.key.found.arn;
  response.source_encryption_algorithm = name(source.algorithm);
  response.destination_encryption_algorithm = name(destination.algorithm);
  response.source_key_material_id = unless_empty(std::move(opened.material_id));
  response.destination_key_material_id = told_material_id(destination.key);
  return response;
}

}  // namespace coffer::services::kms
