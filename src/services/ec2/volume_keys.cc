// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/volume_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

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

// The KMS keys that the blobs of one chain name, looked up and asked about once each.
class ChainKeys {
 public:
  ChainKeys(Installation& installation, std::string region, const MayDecrypt& may_decrypt)
      : installation_(installation), region_(std::move(region)), may_decrypt_(may_decrypt) {}

  Result<keyclient::WrappedBackingKey> backing_key(const keyclient::BlobIdentity& identity) {
    const auto known = backing_keys_.find({identity.key_id, identity.backing_key_version});
    if (known != backing_keys_.end()) return known->second;
    COFFER_TRY(key, permitted_key(identity.key_id));
    COFFER_TRY(backing, kms::backing_key(installation_.catalog, key, identity.backing_key_version));
    backing_keys_.emplace(std::pair{identity.key_id, identity.backing_key_version}, backing);
    return backing;
  }
  const std::vector<std::string>& arns() const { return arns_; }

 private:
  Result<catalog::Key> permitted_key(const std::string& key_id) {
    COFFER_TRY(key, find(key_id));
    const std::string arn = key_arn(key.region, key.account, key.id);
    if (std::ranges::count(arns_, arn) != 0) return key;
    COFFER_CHECK(may_decrypt_(arn));
    COFFER_CHECK(kms::require_usable({key, arn}));
    arns_.push_back(arn);
    return key;
  }

  // A copy between regions has keys in both.
  Result<catalog::Key> find(const std::string& key_id) {
    std::optional<catalog::Key> found;
    std::vector<std::string> regions = {region_};
    regions.insert(regions.end(), installation_.regions.begin(), installation_.regions.end());
    COFFER_CHECK(installation_.catalog.read([&](catalog::Transaction& transaction) -> Status {
      for (auto region = regions.begin(); region != regions.end() && !found; ++region) {
        COFFER_TRY(row, transaction.key(*region, key_id));
        found = std::move(row);
      }
      return {};
    }));
    if (found) return std::move(*found);
    return fail(ErrorKind::kNotFound, fmt::format("Key '{}' does not exist", key_id), "NotFoundException");
  }

  Installation& installation_;
  const std::string region_;
  const MayDecrypt& may_decrypt_;
  std::vector<std::string> arns_;
  std::map<std::pair<std::string, uint32_t>, keyclient::WrappedBackingKey> backing_keys_;
};

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

Result<BoxedVolumeKeys> box_volume_keys(Installation& installation, const KeySession& session,
                                        const control::PreparedKeys& prepared,
                                        const MayDecrypt& may_decrypt) {
  ChainKeys keys(installation, session.region, may_decrypt);
  std::vector<keyclient::VolumeKeyRequest> layers;
  for (const auto& layer : prepared.layers) {
    if (!layer.wrapped_key) continue;
    COFFER_TRY(identity, keyclient::identify_blob(*layer.wrapped_key));
    COFFER_TRY(backing, keys.backing_key(identity));
    layers.push_back(
        {std::move(backing), *layer.wrapped_key, volume_context(layer.key_context), layer.layer_id});
  }
  COFFER_TRY(boxes, installation.keyd.box_chain_keys(layers, {installation.host_id, session.subject_id,
                                                              session.session_id, prepared.nonce}));
  return BoxedVolumeKeys{std::move(boxes), keys.arns()};
}

DependentCall decrypt_record(const catalog::Volume& volume, const std::string& kms_key_arn,
                             const Error* failure) {
  DependentCall record;
  record.event_source = "kms.amazonaws.com";
  record.event_name = "Decrypt";
  record.request_parameters_json = fmt::format(
      R"({{"encryptionContext":{{"aws:ebs:id":"{}"}},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}})",
      volume.id);
  record.resource_arns = {kms_key_arn};
  if (failure != nullptr) {
    record.error_code = failure->code.empty() ? "KMSInternalException" : failure->code;
    record.error_message = failure->message;
  }
  return record;
}

}  // namespace coffer::services::ec2
