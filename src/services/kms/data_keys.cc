// SPDX-License-Identifier: Apache-2.0
// GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateDataKeyPair, GenerateDataKeyPairWithoutPlaintext,
// GenerateRandom.
#include <fmt/format.h>

#include "services/kms/external_keys.h"
#include "services/kms/key_kinds.h"
#include "services/kms/key_store_rules.h"
#include "services/kms/key_use.h"
#include "services/kms/keys_in_stores.h"
#include "services/kms/kms_service.h"

namespace coffer::services::kms {
namespace {

Result<uint32_t> data_key_size(const std::optional<std::string>& key_spec,
                               const std::optional<int32_t>& bytes) {
  if (key_spec.has_value() == bytes.has_value())
    return fail(ErrorKind::kInvalidArgument, "Please specify either number of bytes or key spec.",
                "ValidationException");
  if (bytes) return static_cast<uint32_t>(*bytes);
  return *key_spec == "AES_128" ? 16u : 32u;
}

// Only a symmetric encryption key makes data keys; an RSA key of the same usage does not.
Result<UsableKey> wrapping_key(Call& call, const std::string& key_identifier, KeyRequest said) {
  said.encryption_algorithm = "SYMMETRIC_DEFAULT";
  COFFER_TRY(key, usable_key(call, key_identifier, "ENCRYPT_DECRYPT", said));
  if (spec_of(key.found.key) != format::KeySpec::kSymmetricDefault)
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("{} key spec is {} which is not valid for {}.", key.found.arn, key.found.key.spec,
                            call.operation),
                "InvalidKeyUsageException");
  return key;
}

// A data key pair of either operation, and the key that it is sealed under.
struct MadePair {
  UsableKey key;
  keyclient::DataKeyPair pair;
};
template <class Request>
Result<MadePair> make_pair(Call& call, const Request& request, bool with_plaintext) {
  const auto spec = format::key_spec(request.key_pair_spec);
  if (!spec || !format::is_key_pair(*spec))
    return fail(ErrorKind::kUnsupported,
                fmt::format("KeyPairSpec {} is not supported here.", request.key_pair_spec),
                "UnsupportedOperationException");
  COFFER_TRY(context, checked_context(request.encryption_context));
  KeyRequest said = key_request(request.grant_tokens, context);
  said.condition.set("kms:DataKeyPairSpec", request.key_pair_spec);
  COFFER_TRY(key, wrapping_key(call, request.key_id, std::move(said)));
  COFFER_CHECK(refuse_in_store(key.found));
  COFFER_CHECK(refuse_dry_run(request.dry_run));
  COFFER_TRY(pair,
             call.installation.keyd.generate_data_key_pair(key.backing, *spec, context, with_plaintext));
  return MadePair{std::move(key), std::move(pair)};
}

Result<secret::SecretBytes> random_bytes(Call& call, const api::GenerateRandomRequest& request) {
  const auto size = static_cast<uint32_t>(*request.number_of_bytes);
  if (!request.custom_key_store_id) return call.installation.keyd.generate_random(size);
  COFFER_TRY(store, connected_cluster(call, *request.custom_key_store_id));
  return call.installation.hsm_clusters->generate_random(login_of(store), size);
}

void describe(MadePair& made, const std::string& spec, auto& response) {
  response.private_key_ciphertext_blob = std::move(made.pair.private_key_blob);
  response.public_key = std::move(made.pair.public_key_der);
  response.key_id = made.key.found.arn;
  response.key_pair_spec = spec;
  response.key_material_id = told_material_id(made.key);
}

}  // namespace

Result<api::GenerateDataKeyResponse> KmsService::generate_data_key(
    Call& call, const api::GenerateDataKeyRequest& request) {
  COFFER_TRY(size, data_key_size(request.key_spec, request.number_of_bytes));
  COFFER_TRY(context, checked_context(request.encryption_context));
  COFFER_TRY(key, wrapping_key(call, request.key_id, key_request(request.grant_tokens, context)));
  COFFER_CHECK(refuse_recipient(request.recipient));
  COFFER_CHECK(refuse_dry_run(request.dry_run));
  COFFER_TRY(data_key, call.installation.keyd.generate_data_key(key.backing, size, context));
  COFFER_TRY(blob,
             seal_externally(call.installation, key.found, user_of(call), context, std::move(data_key.blob)));
  api::GenerateDataKeyResponse response;
  response.ciphertext_blob = std::move(blob);
  response.plaintext = hand_out(data_key.plaintext);
  response.key_id = key.found.arn;
  response.key_material_id = told_material_id(key);
  return response;
}

Result<api::GenerateDataKeyWithoutPlaintextResponse> KmsService::generate_data_key_without_plaintext(
    Call& call, const api::GenerateDataKeyWithoutPlaintextRequest& request) {
  COFFER_TRY(size, data_key_size(request.key_spec, request.number_of_bytes));
  COFFER_TRY(context, checked_context(request.encryption_context));
  COFFER_TRY(key, wrapping_key(call, request.key_id, key_request(request.grant_tokens, context)));
  COFFER_CHECK(refuse_dry_run(request.dry_run));
  COFFER_TRY(made, call.installation.keyd.generate_data_key_without_plaintext(key.backing, size, context,
                                                                              format::BlobClass::kCustomer));
  COFFER_TRY(blob, seal_externally(call.installation, key.found, user_of(call), context, std::move(made)));
  api::GenerateDataKeyWithoutPlaintextResponse response;
  response.ciphertext_blob = std::move(blob);
  response.key_id = key.found.arn;
  response.key_material_id = told_material_id(key);
  return response;
}

Result<api::GenerateDataKeyPairResponse> KmsService::generate_data_key_pair(
    Call& call, const api::GenerateDataKeyPairRequest& request) {
  COFFER_CHECK(refuse_recipient(request.recipient));
  COFFER_TRY(made, make_pair(call, request, true));
  api::GenerateDataKeyPairResponse response;
  response.private_key_plaintext = hand_out(made.pair.private_key);
  describe(made, request.key_pair_spec, response);
  return response;
}

Result<api::GenerateDataKeyPairWithoutPlaintextResponse> KmsService::generate_data_key_pair_without_plaintext(
    Call& call, const api::GenerateDataKeyPairWithoutPlaintextRequest& request) {
  COFFER_TRY(made, make_pair(call, request, false));
  api::GenerateDataKeyPairWithoutPlaintextResponse response;
  describe(made, request.key_pair_spec, response);
  return response;
}

Result<api::GenerateRandomResponse> KmsService::generate_random(Call& call,
                                                                const api::GenerateRandomRequest& request) {
  COFFER_CHECK(call.authorise("kms:GenerateRandom", "*"));
  if (!request.number_of_bytes)
    return fail(ErrorKind::kInvalidArgument, "NumberOfBytes is required.", "ValidationException");
  COFFER_CHECK(refuse_recipient(request.recipient));
  COFFER_TRY(bytes, random_bytes(call, request));
  api::GenerateRandomResponse response;
  response.plaintext = hand_out(bytes);
  return response;
}

}  // namespace coffer::services::kms
