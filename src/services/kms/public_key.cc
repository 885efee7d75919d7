// SPDX-License-Identifier: Apache-2.0
// GetPublicKey, DeriveSharedSecret.
#include <fmt/format.h>

#include "services/kms/key_kinds.h"
#include "services/kms/key_use.h"
#include "services/kms/kms_service.h"

namespace coffer::services::kms {

Result<api::GetPublicKeyResponse> KmsService::get_public_key(Call& call,
                                                             const api::GetPublicKeyRequest& request) {
  COFFER_TRY(found, find_key(call, "kms:GetPublicKey", request.key_id, AliasUse::kAllowed));
  COFFER_CHECK(authorise_key(call, "kms:GetPublicKey", found, key_request(request.grant_tokens)));
  COFFER_CHECK(check_key_state(found, call.operation));
  if (!format::is_key_pair(spec_of(found.key)))
    return fail(ErrorKind::kUnsupported,
                fmt::format("{} is not an asymmetric key: it has no public key.", found.arn),
                "UnsupportedOperationException");
  COFFER_TRY(material, stored_material(call.installation, found));
  api::GetPublicKeyResponse response;
  response.key_id = found.arn;
  response.public_key = material.row().public_key;
  response.customer_master_key_spec = found.key.spec;
  response.key_spec = found.key.spec;
  response.key_usage = found.key.usage;
  describe_algorithms(found.key, response);
  return response;
}

Result<api::DeriveSharedSecretResponse> KmsService::derive_shared_secret(
    Call& call, const api::DeriveSharedSecretRequest& request) {
  KeyRequest said = key_request(request.grant_tokens);
  said.condition.set("kms:KeyAgreementAlgorithm", request.key_agreement_algorithm);
  COFFER_TRY(key, usable_key(call, request.key_id, "KEY_AGREEMENT", said));
  COFFER_CHECK(refuse_recipient(request.recipient));
  COFFER_CHECK(refuse_dry_run(request.dry_run));
  const auto secret = call.installation.keyd.derive_shared_secret(key.backing, request.public_key);
  if (!secret && secret.error().kind == ErrorKind::kInvalidArgument)
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("The public key is not a valid {} public key.", key.found.key.spec),
                "ValidationException");
  if (!secret) return tl::unexpected(secret.error());
  api::DeriveSharedSecretResponse response;
  response.key_id = key.found.arn;
  response.shared_secret = hand_out(*secret);
  response.key_agreement_algorithm = request.key_agreement_algorithm;
  response.key_origin = key.found.key.origin;
  return response;
}

}  // namespace coffer::services::kms
