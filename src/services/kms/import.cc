// SPDX-License-Identifier: Apache-2.0
// GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial; and the end of material that expires.
#include <fmt/format.h>

#include "base/encoding.h"
#include "services/kms/continuous_backup.h"
#include "services/kms/imported_material.h"
#include "services/kms/key_changes.h"
#include "services/kms/key_kinds.h"
#include "services/kms/key_states.h"
#include "services/kms/key_use.h"
#include "services/kms/kms_service.h"

namespace coffer::services::kms {
namespace {

constexpr int64_t kLongestValidity = 365ll * 24 * 3600 * 1000000;  // microseconds, as at AWS

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "ValidationException");
}
tl::unexpected<Error> unsupported(std::string message) {
  return fail(ErrorKind::kUnsupported, std::move(message), "UnsupportedOperationException");
}

Result<FoundKey> external_key(Call& call, const std::string& key_identifier, const KeyRequest& said = {}) {
  const std::string action = "kms:" + call.operation;
  COFFER_TRY(found, find_key(call, action, key_identifier, AliasUse::kRefused));
  COFFER_CHECK(authorise_key(call, action, found, said));
  if (found.key.origin != "EXTERNAL")
    return unsupported(
        fmt::format("{} origin is {} which is not valid for this operation.", found.arn, found.key.origin));
  COFFER_CHECK(check_key_state(found, call.operation));
  return found;
}

struct Wrapping {
  format::KeySpec spec;
  format::WrappingAlgorithm algorithm;
};
Result<Wrapping> checked_wrapping(const FoundKey& found, const api::GetParametersForImportRequest& request) {
  const auto spec = format::key_spec(request.wrapping_key_spec);
  const auto algorithm = format::wrapping_algorithm(request.wrapping_algorithm);
  if (!spec || !format::is_rsa(*spec))
    return unsupported(fmt::format("Wrapping key spec {} is not supported here.", request.wrapping_key_spec));
  if (!algorithm)
    return unsupported(
        fmt::format("Wrapping algorithm {} is not supported here.", request.wrapping_algorithm));
  const bool direct = *algorithm == format::WrappingAlgorithm::kRsaesOaepSha1 ||
                      *algorithm == format::WrappingAlgorithm::kRsaesOaepSha256;
  const format::KeySpec own = spec_of(found.key);
  const bool too_long =
      format::is_rsa(own) || (own == format::KeySpec::kEccNistP521 && *spec == format::KeySpec::kRsa2048);
  if (direct && too_long)
    return unsupported(
        fmt::format("Wrapping algorithm {} with wrapping key spec {} does not support key spec {}.",
                    request.wrapping_algorithm, request.wrapping_key_spec, found.key.spec));
  return Wrapping{*spec, *algorithm};
}

// Until when the material is good; nothing: for ever.
Result<std::optional<Timestamp>> checked_expiry(const Call& call,
                                                const api::ImportKeyMaterialRequest& request) {
  const std::string model = request.expiration_model.value_or("KEY_MATERIAL_EXPIRES");
  if (model == "KEY_MATERIAL_DOES_NOT_EXPIRE") {
    if (request.valid_to)
      return invalid("A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE");
    return std::optional<Timestamp>();
  }
  if (!request.valid_to)
    return invalid("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES");
  if (*request.valid_to <= call.time) return invalid("The validTo date must be in the future");
  if (request.valid_to->microseconds > call.time.microseconds + kLongestValidity)
    return invalid("The validTo date must be within 365 days");
  return request.valid_to;
}

Status refusal_of(keyclient::ImportOutcome outcome) {
  using Outcome = keyclient::ImportOutcome;
  switch (outcome) {
    case Outcome::kImported:
      return {};
    case Outcome::kInvalidToken:
      return fail(ErrorKind::kInvalidArgument, "", "InvalidImportTokenException");
    case Outcome::kExpiredToken:
      return fail(ErrorKind::kInvalidArgument, "", "ExpiredImportTokenException");
    case Outcome::kInvalidCiphertext:
      return fail(ErrorKind::kRefusedCiphertext, "", "InvalidCiphertextException");
    case Outcome::kIncorrectMaterial:
    case Outcome::kOtherMaterial:
      break;
  }
  return fail(ErrorKind::kInvalidArgument, "", "IncorrectKeyMaterialException");
}

// The material that was imported before: into this key, or else into another region's key of the same
// multi-Region key, which must have the same.
Result<std::optional<catalog::BackingKey>> earlier_material(Call& call, const catalog::Key& key) {
  std::optional<catalog::BackingKey> row;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(own, transaction.backing_key(key.region, key.id, key.current_version));
    row = std::move(own);
    if (row || !key.multi_region) return {};
    COFFER_TRY(copies, transaction.keys_of_id(key.id));
    for (const auto& copy : copies) {
      COFFER_TRY(theirs, transaction.backing_key(copy.region, copy.id, key.current_version));
      if (theirs) row = std::move(theirs);
    }
    return {};
  }));
  return row;
}

// What of the request concerns symmetric keys alone, whose material AWS can also rotate by an import.
Status check_import_type(const FoundKey& found, const std::optional<catalog::BackingKey>& earlier,
                         const api::ImportKeyMaterialRequest& request) {
  const bool symmetric = spec_of(found.key) == format::KeySpec::kSymmetricDefault;
  if (!symmetric && (request.import_type || request.key_material_id || request.key_material_description))
    return unsupported("ImportType, KeyMaterialId and KeyMaterialDescription are for symmetric keys only.");
  if (request.import_type == "NEW_KEY_MATERIAL" && request.key_material_id)
    return invalid("You cannot specify KeyMaterialId with ImportType NEW_KEY_MATERIAL.");
  if (request.import_type == "NEW_KEY_MATERIAL" && earlier)
    return unsupported("A second key material for the same KMS key is not supported here.");
  const bool none_fits =
      !earlier && (request.import_type == "EXISTING_KEY_MATERIAL" || request.key_material_id);
  if (none_fits || (request.key_material_id && *request.key_material_id != earlier->material_id))
    return fail(ErrorKind::kInvalidArgument, "", "IncorrectKeyMaterialException");
  return {};
}

KeyRequest said_by(const api::ImportKeyMaterialRequest& request) {
  KeyRequest said;
  said.condition.set("kms:ExpirationModel", request.expiration_model.value_or("KEY_MATERIAL_EXPIRES"));
  // Seconds since 1970, which conditions on numbers and on dates both take.
  if (request.valid_to) said.condition.set("kms:ValidTo", fmt::format("{:.3f}", request.valid_to->seconds()));
  return said;
}

}  // namespace

Result<api::GetParametersForImportResponse> KmsService::get_parameters_for_import(
    Call& call, const api::GetParametersForImportRequest& request) {
  KeyRequest said;
  said.condition.set("kms:WrappingAlgorithm", request.wrapping_algorithm);
  said.condition.set("kms:WrappingKeySpec", request.wrapping_key_spec);
  COFFER_TRY(found, external_key(call, request.key_id, said));
  COFFER_TRY(wrapping, checked_wrapping(found, request));
  COFFER_TRY(made,
             call.installation.keyd.create_import_parameters(
                 {found.key.account, found.key.region, found.key.id}, wrapping.spec, wrapping.algorithm));
  api::GetParametersForImportResponse response;
  response.key_id = found.arn;
  response.import_token = std::move(made.import_token);
  response.public_key = std::move(made.public_key_der);
  response.parameters_valid_to = Timestamp{static_cast<int64_t>(made.valid_to_microseconds)};
  return response;
}

Result<api::ImportKeyMaterialResponse> KmsService::import_key_material(
    Call& call, const api::ImportKeyMaterialRequest& request) {
  COFFER_TRY(valid_to, checked_expiry(call, request));
  COFFER_TRY(found, external_key(call, request.key_id, said_by(request)));
  COFFER_TRY(earlier, earlier_material(call, found.key));
  COFFER_CHECK(check_import_type(found, earlier, request));
  const auto expected = earlier ? from_hex(earlier->material_id) : std::nullopt;
  COFFER_TRY(made, call.installation.keyd.import_key_material(
                       {found.key.account, found.key.region, found.key.id}, found.key.current_version,
                       spec_of(found.key), request.import_token, request.encrypted_key_material,
                       expected.value_or(Bytes())));
  COFFER_CHECK(refusal_of(made.outcome));

  catalog::BackingKey material;
  material.key_id = found.key.id;
  material.region = found.key.region;
  material.version = found.key.current_version;
  material.token = std::move(made.key.token);
  material.public_key = std::move(made.key.public_key_der);
  material.material_id = hex(made.key.material_id);
  material.expiration_model = valid_to ? "KEY_MATERIAL_EXPIRES" : "KEY_MATERIAL_DOES_NOT_EXPIRE";
  material.valid_to = valid_to;
  catalog::Key usable = found.key;
  if (usable.state == key_state::kPendingImport) usable.state = key_state::kEnabled;
  COFFER_TRY(shipment, ship(call.installation, {.keys = {usable}, .backing_keys = {material}}));
  return call.commit<api::ImportKeyMaterialResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::ImportKeyMaterialResponse> {
        COFFER_TRY(key, key_to_change(call, transaction, found));
        // Another call may have been the first since.
        COFFER_TRY(now_there, transaction.backing_key(key.region, key.id, material.version));
        if (now_there && now_there->material_id != material.material_id)
          return fail(ErrorKind::kConflict, "", "IncorrectKeyMaterialException");
        COFFER_CHECK(transaction.put_backing_key(material));
        if (found.key.state == key_state::kPendingImport) key.state = key_state::kEnabled;
        COFFER_CHECK(transaction.update_key(key));
        api::ImportKeyMaterialResponse response;
        response.key_id = found.arn;
        if (spec_of(found.key) == format::KeySpec::kSymmetricDefault)
          response.key_material_id = material.material_id;
        return response;
      });
}

Result<api::DeleteImportedKeyMaterialResponse> KmsService::delete_imported_key_material(
    Call& call, const api::DeleteImportedKeyMaterialRequest& request) {
  COFFER_TRY(found, external_key(call, request.key_id));
  COFFER_TRY(earlier, earlier_material(call, found.key));
  if (earlier && earlier->region != found.key.region) earlier.reset();
  if (request.key_material_id && (!earlier || earlier->material_id != *request.key_material_id))
    return fail(ErrorKind::kNotFound, fmt::format("Key material {} does not exist", *request.key_material_id),
                "NotFoundException");
  auto deleted = call.commit<api::DeleteImportedKeyMaterialResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::DeleteImportedKeyMaterialResponse> {
        COFFER_TRY(key, key_to_change(call, transaction, found));
        if (earlier) COFFER_CHECK(erase_material(transaction, key, *earlier));
        api::DeleteImportedKeyMaterialResponse response;
        response.key_id = found.arn;
        if (earlier && spec_of(found.key) == format::KeySpec::kSymmetricDefault)
          response.key_material_id = earlier->material_id;
        return response;
      });
  if (deleted) COFFER_CHECK(call.installation.catalog.erase_deleted());
  return deleted;
}

}  // namespace coffer::services::kms
