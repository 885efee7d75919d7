// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/volume_keys.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "services/arn.h"
#include "services/ec2/layer_keys.h"
#include "services/kms/external_keys.h"
#include "services/kms/key_directory.h"
#include "services/service_event.h"
#include "wire/json_text.h"

namespace coffer::services::ec2 {
namespace {

constexpr const char* kGenerate = "GenerateDataKeyWithoutPlaintext";
constexpr const char* kGenerateAction = "kms:GenerateDataKeyWithoutPlaintext";
constexpr uint32_t kVolumeKeySize = 64;  // AES-256-XTS: two 256-bit keys

Result<Bytes> generate(Installation& installation, const kms::FoundKey& found, const kms::KeyUser& user,
                       const std::string& volume_id) {
  const std::map<std::string, std::string> context = {{"aws:ebs:id", volume_id}};
  COFFER_TRY(backing, kms::backing_key(installation, found.key));
  COFFER_TRY(blob, installation.keyd.generate_data_key_without_plaintext(backing, kVolumeKeySize, context,
                                                                         format::BlobClass::kVolume));
  return kms::seal_externally(installation, found, user, context, std::move(blob));
}

Result<kms::FoundKey> usable_key(Call& call, const std::string& volume_id,
                                 const std::optional<std::string>& kms_key_id) {
  auto found = kms_key_id ? kms::find_key(call, kGenerateAction, *kms_key_id, kms::AliasUse::kAllowed)
                          : kms::aws_managed_ebs_key(call);
  if (!found) return found;
  COFFER_CHECK(kms::authorise_key(call, kGenerateAction, *found, layer_key_request(volume_id)));
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
  if (kms_key_id && kms_key_id->empty())
    return fail(ErrorKind::kInvalidArgument, "Value () for parameter KmsKeyId is invalid.",
                "InvalidParameterValue");
  DependentCall record;
  record.event_source = "kms.amazonaws.com";
  record.event_name = kGenerate;
  NewVolumeKey made;
  const auto found = usable_key(call, volume_id, kms_key_id);
  auto wrapped_key = found.and_then([&](const kms::FoundKey& key) {
    return generate(call.installation, key, kms::user_of(call, kGenerate, "ec2"), volume_id);
  });
  if (!wrapped_key && is_outage(wrapped_key.error())) return tl::unexpected(wrapped_key.error());
  made.kms_key_arn = found ? found->arn : presumed_arn(call, kms_key_id.value_or("alias/aws/ebs"));
  if (wrapped_key) {
    made.wrapped_key = std::move(*wrapped_key);
  } else {
    made.failure = wrapped_key.error();
    record.error_code = made.failure->code;
    record.error_message = made.failure->message;
  }
  record.request_parameters_json = generate_parameters(made.kms_key_arn, volume_id);
  record.resource_arns = {made.kms_key_arn};
  call.record(std::move(record));
  return made;
}

Result<Bytes> make_volume_key(Installation& installation, const policy::Principal& principal,
                              const std::string& volume_id, const std::string& kms_key_arn) {
  COFFER_TRY(found, kms::any_key_by_arn(installation, kms_key_arn));
  COFFER_CHECK(
      kms::authorise_key(installation, principal, kGenerateAction, found, layer_key_request(volume_id)));
  COFFER_CHECK(kms::require_usable(found));
  const kms::KeyUser user{principal.arn, kGenerate, make_uuid(installation.random), "ec2"};
  COFFER_TRY(wrapped_key, generate(installation, found, user, volume_id));
  COFFER_CHECK(installation.catalog.write([&](catalog::Transaction& transaction) {
    return record_service_event(installation, transaction,
                                {.account = principal.account,
                                 .region = found.key.region,
                                 .event_source = "kms.amazonaws.com",
                                 .event_name = kGenerate,
                                 .request_parameters_json = generate_parameters(kms_key_arn, volume_id),
                                 .resource_arns = {kms_key_arn},
                                 .on_behalf_of = principal.arn,
                                 .read_only = true});
  }));
  return wrapped_key;
}

}  // namespace coffer::services::ec2
