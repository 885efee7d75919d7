// SPDX-License-Identifier: Apache-2.0
// Encrypt, Decrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom.
#include <fmt/format.h>

#include "services/arn.h"
#include "services/kms/key_access.h"
#include "services/kms/key_directory.h"
#include "services/kms/kms_service.h"

namespace coffer::services::kms {
namespace {

using Context = std::map<std::string, std::string>;

constexpr size_t kLargestContext = 8192;  // bytes of names and values (KMS quotas)

// The plaintext that belongs to the caller and leaves in the answer.
Bytes hand_out(const secret::SecretBytes& plaintext) {
  return to_bytes(
      plaintext.read(secret::RawAccess::because("plaintext that the caller asked for leaves in the answer")));
}

Status check_algorithm(const std::optional<std::string>& algorithm) {
  if (!algorithm || *algorithm == "SYMMETRIC_DEFAULT") return {};
  return fail(ErrorKind::kInvalidArgument,
              fmt::format("Algorithm {} is incompatible with key spec SYMMETRIC_DEFAULT.", *algorithm),
              "InvalidKeyUsageException");
}

Result<Context> checked_context(const std::optional<Context>& context) {
  if (!context) return Context{};
  size_t size = 0;
  for (const auto& [name, value] : *context) size += name.size() + value.size();
  if (size > kLargestContext)
    return fail(ErrorKind::kInvalidArgument, "Encryption context is too large.", "ValidationException");
  return *context;
}

KeyRequest key_request(const Context& context, const std::optional<std::vector<std::string>>& grant_tokens) {
  KeyRequest said;
  said.encryption_context = context;
  if (grant_tokens) said.grant_tokens = *grant_tokens;
  return said;
}

// A key that the caller may use for this operation, and its current backing key.
struct UsableKey {
  FoundKey found;
  keyclient::WrappedBackingKey backing;
};
Result<UsableKey> usable_key(Call& call, const std::string& key_identifier, const KeyRequest& said) {
  const std::string action = "kms:" + call.operation;
  COFFER_TRY(found, find_key(call, action, key_identifier, AliasUse::kAllowed));
  COFFER_CHECK(authorise_key(call, action, found, said));
  COFFER_CHECK(require_usable(found));
  COFFER_TRY(backing, backing_key(call.installation.catalog, found.key));
  return UsableKey{std::move(found), std::move(backing)};
}

Result<uint32_t> data_key_size(const std::optional<std::string>& key_spec,
                               const std::optional<int32_t>& bytes) {
  if (key_spec.has_value() == bytes.has_value())
    return fail(ErrorKind::kInvalidArgument, "Please specify either number of bytes or key spec.",
                "ValidationException");
  if (bytes) return static_cast<uint32_t>(*bytes);
  return *key_spec == "AES_128" ? 16u : 32u;
}

tl::unexpected<Error> invalid_ciphertext() {
  return fail(ErrorKind::kRefusedCiphertext, "", "InvalidCiphertextException");
}

// The key that a ciphertext must be opened with: the one it names, checked against the one the caller names.
Result<FoundKey> decryption_key(Call& call, const api::DecryptRequest& request,
                                const std::string& named_by_blob, const KeyRequest& said) {
  if (request.key_id) {
    COFFER_TRY(named, find_key(call, "kms:Decrypt", *request.key_id, AliasUse::kAllowed));
    COFFER_CHECK(authorise_key(call, "kms:Decrypt", named, said));
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
  auto key = any_key(call.installation, named_by_blob, call.region);
  if (!key && key.error().kind != ErrorKind::kNotFound) return tl::unexpected(std::move(key.error()));
  if (!key || key->region != call.region) return unknown();
  const bool own = key->account == call.account;
  FoundKey found;
  found.arn = key_arn(key->region, key->account, key->id);
  found.key = std::move(*key);
  const auto allowed = authorise_key(call, "kms:Decrypt", found, said);
  if (!allowed && !own && allowed.error().kind == ErrorKind::kPermissionDenied) return unknown();
  if (!allowed) return tl::unexpected(allowed.error());
  return found;
}

}  // namespace

Result<api::EncryptResponse> KmsService::encrypt(Call& call, const api::EncryptRequest& request) {
  COFFER_TRY(context, checked_context(request.encryption_context));
  COFFER_TRY(key, usable_key(call, request.key_id, key_request(context, request.grant_tokens)));
  COFFER_CHECK(check_algorithm(request.encryption_algorithm));
  COFFER_CHECK(refuse_dry_run(request.dry_run));
  COFFER_TRY(blob, call.installation.keyd.encrypt(key.backing, request.plaintext, context));
  api::EncryptResponse response;
  response.ciphertext_blob = std::move(blob);
  response.key_id = key.found.arn;
  response.encryption_algorithm = "SYMMETRIC_DEFAULT";
  return response;
}

Result<api::DecryptResponse> KmsService::decrypt(Call& call, const api::DecryptRequest& request) {
  COFFER_TRY(context, checked_context(request.encryption_context));
  const auto identity = keyclient::identify_blob(request.ciphertext_blob);
  if (!identity) return invalid_ciphertext();
  COFFER_TRY(found,
             decryption_key(call, request, identity->key_id, key_request(context, request.grant_tokens)));
  COFFER_CHECK(require_usable(found));
  COFFER_CHECK(check_algorithm(request.encryption_algorithm));
  COFFER_CHECK(refuse_dry_run(request.dry_run));

  auto plaintext = backing_key(call.installation.catalog, found.key, identity->backing_key_version)
                       .and_then([&](const keyclient::WrappedBackingKey& backing) {
                         return call.installation.keyd.decrypt(backing, request.ciphertext_blob, context);
                       });
  if (!plaintext && plaintext.error().kind == ErrorKind::kRefusedCiphertext) return invalid_ciphertext();
  if (!plaintext) return tl::unexpected(plaintext.error());
  api::DecryptResponse response;
  response.key_id = found.arn;
  response.plaintext = hand_out(*plaintext);
  response.encryption_algorithm = "SYMMETRIC_DEFAULT";
  return response;
}

Result<api::GenerateDataKeyResponse> KmsService::generate_data_key(
    Call& call, const api::GenerateDataKeyRequest& request) {
  COFFER_TRY(size, data_key_size(request.key_spec, request.number_of_bytes));
  COFFER_TRY(context, checked_context(request.encryption_context));
  COFFER_TRY(key, usable_key(call, request.key_id, key_request(context, request.grant_tokens)));
  COFFER_CHECK(refuse_dry_run(request.dry_run));
  COFFER_TRY(data_key, call.installation.keyd.generate_data_key(key.backing, size, context));
  api::GenerateDataKeyResponse response;
  response.ciphertext_blob = std::move(data_key.blob);
  response.plaintext = hand_out(data_key.plaintext);
  response.key_id = key.found.arn;
  return response;
}

Result<api::GenerateDataKeyWithoutPlaintextResponse> KmsService::generate_data_key_without_plaintext(
    Call& call, const api::GenerateDataKeyWithoutPlaintextRequest& request) {
  COFFER_TRY(size, data_key_size(request.key_spec, request.number_of_bytes));
  COFFER_TRY(context, checked_context(request.encryption_context));
  COFFER_TRY(key, usable_key(call, request.key_id, key_request(context, request.grant_tokens)));
  COFFER_CHECK(refuse_dry_run(request.dry_run));
  COFFER_TRY(blob, call.installation.keyd.generate_data_key_without_plaintext(key.backing, size, context,
                                                                              format::BlobClass::kCustomer));
  api::GenerateDataKeyWithoutPlaintextResponse response;
  response.ciphertext_blob = std::move(blob);
  response.key_id = key.found.arn;
  return response;
}

Result<api::GenerateRandomResponse> KmsService::generate_random(Call& call,
                                                                const api::GenerateRandomRequest& request) {
  COFFER_CHECK(call.authorise("kms:GenerateRandom", "*"));
  if (request.custom_key_store_id)
    return fail(ErrorKind::kUnsupported, "Custom key stores are not supported yet.",
                "UnsupportedOperationException");
  if (!request.number_of_bytes)
    return fail(ErrorKind::kInvalidArgument, "Please specify the number of bytes.", "ValidationException");
  COFFER_TRY(bytes, call.installation.keyd.generate_random(static_cast<uint32_t>(*request.number_of_bytes)));
  api::GenerateRandomResponse response;
  response.plaintext = hand_out(bytes);
  return response;
}

}  // namespace coffer::services::kms
