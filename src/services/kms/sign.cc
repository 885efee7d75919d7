// SPDX-License-Identifier: Apache-2.0
// Sign, Verify.
#include <fmt/format.h>

#include <algorithm>

#include "format/key_kinds.h"
#include "services/kms/key_kinds.h"
#include "services/kms/key_use.h"
#include "services/kms/kms_service.h"

namespace coffer::services::kms {
namespace {

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "ValidationException");
}

// What Sign and Verify share, checked.
struct Signing {
  UsableKey key;
  format::SigningAlgorithm algorithm;
  format::MessageType type;
};

Result<format::SigningAlgorithm> checked_algorithm(const FoundKey& found, const std::string& name) {
  const bool ed25519 = spec_of(found.key) == format::KeySpec::kEccNistEdwards25519;
  if (ed25519 && name == "ED25519_PH_SHA_512")
    return fail(ErrorKind::kUnsupported, "Algorithm ED25519_PH_SHA_512 is not supported here.",
                "UnsupportedOperationException");
  const auto algorithm = format::signing_algorithm(name);
  const auto own = format::signing_algorithms(spec_of(found.key));
  if (!algorithm || std::ranges::find(own, *algorithm) == own.end())
    return incompatible_algorithm(name, found);
  return *algorithm;
}

// Message types that the algorithm does not have, and digests of another length than its own.
Result<format::MessageType> checked_message(const FoundKey& found, format::SigningAlgorithm algorithm,
                                            const std::string& type, const Bytes& message) {
  if (type == "RAW") return format::MessageType::kRaw;
  const auto name = format::name_of(algorithm);
  if (type != "DIGEST")
    return invalid(fmt::format("Message type {} is incompatible with key spec {}.", type, found.key.spec));
  if (algorithm == format::SigningAlgorithm::kEd25519Sha512)
    return invalid(fmt::format("Message type {} is incompatible with algorithm {}.", type, name));
  if (message.size() != format::digest_size(algorithm))
    return invalid(fmt::format("Digest is invalid length for algorithm {}.", name));
  return format::MessageType::kDigest;
}

template <class Request>
Result<Signing> checked_signing(Call& call, const Request& request) {
  const std::string type = request.message_type.value_or("RAW");
  KeyRequest said = key_request(request.grant_tokens);
  said.condition.set("kms:SigningAlgorithm", request.signing_algorithm);
  said.condition.set("kms:MessageType", type);
  COFFER_TRY(key, usable_key(call, request.key_id, "SIGN_VERIFY", said));
  COFFER_TRY(algorithm, checked_algorithm(key.found, request.signing_algorithm));
  COFFER_TRY(message_type, checked_message(key.found, algorithm, type, request.message));
  COFFER_CHECK(refuse_dry_run(request.dry_run));
  return Signing{std::move(key), algorithm, message_type};
}

}  // namespace

Result<api::SignResponse> KmsService::sign(Call& call, const api::SignRequest& request) {
  COFFER_TRY(signing, checked_signing(call, request));
  COFFER_TRY(signature, call.installation.keyd.sign(signing.key.backing, signing.algorithm, signing.type,
                                                    request.message));
  api::SignResponse response;
  response.key_id = signing.key.found.arn;
  response.signature = std::move(signature);
  response.signing_algorithm = request.signing_algorithm;
  return response;
}

Result<api::VerifyResponse> KmsService::verify(Call& call, const api::VerifyRequest& request) {
  COFFER_TRY(signing, checked_signing(call, request));
  COFFER_TRY(valid, call.installation.keyd.verify(signing.key.backing, signing.algorithm, signing.type,
                                                  request.message, request.signature));
  if (!valid) return fail(ErrorKind::kRefusedCiphertext, "", "KMSInvalidSignatureException");
  api::VerifyResponse response;
  response.key_id = signing.key.found.arn;
  response.signature_valid = true;
  response.signing_algorithm = request.signing_algorithm;
  return response;
}

}  // namespace coffer::services::kms
