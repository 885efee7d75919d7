// SPDX-License-Identifier: Apache-2.0
// GenerateMac, VerifyMac.
#include "services/kms/key_kinds.h"
#include "services/kms/key_use.h"
#include "services/kms/kms_service.h"

namespace coffer::services::kms {
namespace {

template <class Request>
Result<UsableKey> checked_key(Call& call, const Request& request) {
  KeyRequest said = key_request(request.grant_tokens);
  said.condition.set("kms:MacAlgorithm", request.mac_algorithm);
  COFFER_TRY(key, usable_key(call, request.key_id, "GENERATE_VERIFY_MAC", said));
  if (request.mac_algorithm != format::mac_algorithm(spec_of(key.found.key)))
    return incompatible_algorithm(request.mac_algorithm, key.found);
  COFFER_CHECK(refuse_dry_run(request.dry_run));
  return key;
}

}  // namespace

Result<api::GenerateMacResponse> KmsService::generate_mac(Call& call,
                                                          const api::GenerateMacRequest& request) {
  COFFER_TRY(key, checked_key(call, request));
  COFFER_TRY(mac, call.installation.keyd.generate_mac(key.backing, request.message));
  api::GenerateMacResponse response;
  response.mac = std::move(mac);
  response.mac_algorithm = request.mac_algorithm;
  response.key_id = key.found.arn;
  return response;
}

Result<api::VerifyMacResponse> KmsService::verify_mac(Call& call, const api::VerifyMacRequest& request) {
  COFFER_TRY(key, checked_key(call, request));
  COFFER_TRY(valid, call.installation.keyd.verify_mac(key.backing, request.message, request.mac));
  if (!valid) return fail(ErrorKind::kRefusedCiphertext, "", "KMSInvalidMacException");
  api::VerifyMacResponse response;
  response.key_id = key.found.arn;
  response.mac_valid = true;
  response.mac_algorithm = request.mac_algorithm;
  return response;
}

}  // namespace coffer::services::kms
