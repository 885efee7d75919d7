// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/volume_keys.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "services/arn.h"
#include "services/kms/key_directory.h"
#include "wire/json_text.h"

namespace coffer::services::ec2 {
namespace {

constexpr uint32_t kVolumeKeySize = 64;  // AES-256-XTS: two 256-bit keys

format::EncryptionContext volume_context(const std::string& volume_id) {
  return {{"aws:ebs:id", volume_id}};
}

Result<kms::FoundKey> usable_key(Call& call, const std::optional<std::string>& kms_key_id) {
  auto found =
      kms_key_id ? kms::find_key(call, *kms_key_id, kms::AliasUse::kAllowed) : kms::aws_managed_ebs_key(call);
  if (!found) return found;
  COFFER_CHECK(call.authorise("kms:GenerateDataKeyWithoutPlaintext", found->arn));
  COFFER_CHECK(kms::require_usable(*found));
  return found;
}

// What the answer shows as KmsKeyId for a key that was not found: the ARN it would have.
std::string presumed_arn(const Call& call, const std::string& kms_key_id) {
  if (kms_key_id.starts_with("arn:")) return kms_key_id;
  if (kms_key_id.starts_with("alias/")) return alias_arn(call.region, call.account, kms_key_id);
  return key_arn(call.region, call.account, kms_key_id);
}

// `key` may be any text that the caller sent: it must stay one string of the record.
std::string generate_parameters(const std::string& key, const std::string& volume_id) {
  std::string json = R"({"keyId":)";
  wire::append_json_string(json, key);
  json += fmt::format(R"(,"numberOfBytes":{},"encryptionContext":{{"aws:ebs:id":"{}"}}}})", kVolumeKeySize,
                      volume_id);
  return json;
}

bool is_outage(const Error& error) {
  return error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kInternal ||
         error.kind == ErrorKind::kIo || error.kind == ErrorKind::kNoSpace;
}

}  // namespace

Result<NewVolumeKey> make_volume_key(Call& call, const std::string& volume_id,
                                     const std::optional<std::string>& kms_key_id) {
  DependentCall record;
  record.event_source = "kms.amazonaws.com";
  record.event_name = "GenerateDataKeyWithoutPlaintext";
  NewVolumeKey made;
  const auto found = usable_key(call, kms_key_id);
  if (found) {
    made.kms_key_arn = found->arn;
    COFFER_TRY(backing, kms::backing_key(call.installation.catalog, found->key));
    COFFER_TRY(blob, call.installation.keyd.generate_data_key_without_plaintext(
                         backing, kVolumeKeySize, volume_context(volume_id), format::BlobClass::kVolume));
    made.wrapped_key = std::move(blob);
  } else if (is_outage(found.error())) {
    return tl::unexpected(found.error());
  } else {
    made.kms_key_arn = presumed_arn(call, kms_key_id.value_or("alias/aws/ebs"));
    made.failure = found.error();
    record.error_code = found.error().code;
    record.error_message = found.error().message;
  }
  record.request_parameters_json = generate_parameters(made.kms_key_arn, volume_id);
  record.resource_arns = {made.kms_key_arn};
  call.record(std::move(record));
  return made;
}

Result<BoxedVolumeKeys> box_volume_keys(Installation& installation, const catalog::Volume& volume,
                                        const control::PreparedAttachment& prepared,
                                        const std::string& attachment_id) {
  std::vector<keyclient::VolumeKeyRequest> layers;
  for (const auto& layer : prepared.layers) {
    if (!layer.wrapped_key) return fail(ErrorKind::kCorrupt, "an encrypted volume has a layer without a key");
    COFFER_TRY(identity, keyclient::identify_blob(*layer.wrapped_key));
    std::optional<catalog::Key> key;
    COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
      COFFER_TRY(row, transaction.key(volume.region, identity.key_id));
      key = std::move(row);
      return {};
    }));
    if (!key)
      return fail(ErrorKind::kNotFound, fmt::format("Key '{}' does not exist", volume.kms_key_arn),
                  "NotFoundException");
    // What was authorised, and what the record names, is the volume's key and no other.
    const std::string arn = key_arn(key->region, key->account, key->id);
    if (arn != volume.kms_key_arn)
      return fail(ErrorKind::kRefusedCiphertext, "the volume's data key is wrapped under another KMS key");
    COFFER_CHECK(kms::require_usable({*key, arn}));
    COFFER_TRY(backing, kms::backing_key(installation.catalog, *key, identity.backing_key_version));
    layers.push_back({std::move(backing), *layer.wrapped_key, volume_context(volume.id), layer.layer_id});
  }
  COFFER_TRY(box, installation.keyd.box_volume_keys(
                      layers, {installation.host_id, volume.id, attachment_id, prepared.nonce}));
  return BoxedVolumeKeys{std::move(box), volume.kms_key_arn};
}

DependentCall decrypt_record(const catalog::Volume& volume, const Error* failure) {
  DependentCall record;
  record.event_source = "kms.amazonaws.com";
  record.event_name = "Decrypt";
  record.request_parameters_json = fmt::format(
      R"({{"encryptionContext":{{"aws:ebs:id":"{}"}},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}})",
      volume.id);
  record.resource_arns = {volume.kms_key_arn};
  if (failure != nullptr) {
    record.error_code = failure->code.empty() ? "KMSInternalException" : failure->code;
    record.error_message = failure->message;
  }
  return record;
}

}  // namespace coffer::services::ec2
