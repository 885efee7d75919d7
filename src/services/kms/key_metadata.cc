// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_metadata.h"

#include "services/arn.h"
#include "services/kms/key_states.h"

namespace coffer::services::kms {
namespace {

namespace api = coffer::kms;
using Names = std::vector<std::string>;

api::MultiRegionKey multi_region_key(const catalog::Key& key) {
  api::MultiRegionKey named;
  named.arn = key_arn(key.region, key.account, key.id);
  named.region = key.region;
  return named;
}

api::MultiRegionConfiguration multi_region_configuration(const catalog::Key& key,
                                                         const std::vector<catalog::Key>& copies) {
  api::MultiRegionConfiguration configuration;
  configuration.multi_region_key_type = key.region == key.primary_region ? "PRIMARY" : "REPLICA";
  configuration.replica_keys.emplace();
  for (const catalog::Key& copy : copies) {
    if (copy.region == key.primary_region)
      configuration.primary_key = multi_region_key(copy);
    else
      configuration.replica_keys->push_back(multi_region_key(copy));
  }
  return configuration;
}

// In the order in which AWS lists them.
Names signing_algorithms(const std::string& spec) {
  if (spec.starts_with("RSA_"))
    return {"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
            "RSASSA_PSS_SHA_256",        "RSASSA_PSS_SHA_384",        "RSASSA_PSS_SHA_512"};
  if (spec == "ECC_NIST_P384") return {"ECDSA_SHA_384"};
  if (spec == "ECC_NIST_P521") return {"ECDSA_SHA_512"};
  if (spec == "ECC_NIST_EDWARDS25519") return {"ED25519_PH_SHA_512", "ED25519_SHA_512"};
  if (spec.starts_with("ML_DSA_")) return {"ML_DSA_SHAKE_256"};
  return {"ECDSA_SHA_256"};  // ECC_NIST_P256, ECC_SECG_P256K1
}

void add_algorithms(api::KeyMetadata& metadata, const std::string& usage, const std::string& spec) {
  if (usage == "ENCRYPT_DECRYPT")
    metadata.encryption_algorithms = spec == "SYMMETRIC_DEFAULT"
                                         ? Names{"SYMMETRIC_DEFAULT"}
                                         : Names{"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"};
  if (usage == "SIGN_VERIFY") metadata.signing_algorithms = signing_algorithms(spec);
  if (usage == "GENERATE_VERIFY_MAC")
    metadata.mac_algorithms = Names{"HMAC_SHA_" + spec.substr(spec.find('_') + 1)};
}

// Where its deletion stands.
void add_deletion(api::KeyMetadata& metadata, const catalog::Key& key) {
  if (key.state == key_state::kPendingDeletion) metadata.deletion_date = key.deletion_date;
  if (key.state == key_state::kPendingReplicaDeletion)
    metadata.pending_deletion_window_in_days = static_cast<int32_t>(key.deletion_window_days);
}

}  // namespace

api::KeyMetadata metadata_of(const FoundKey& found, const std::vector<catalog::Key>& copies) {
  const catalog::Key& key = found.key;
  api::KeyMetadata metadata;
  metadata.aws_account_id = key.account;
  metadata.key_id = key.id;
  metadata.arn = found.arn;
  metadata.creation_date = key.created;
  metadata.enabled = found.enabled();
  metadata.description = key.description;
  metadata.key_usage = key.usage;
  metadata.key_state = key.state;
  metadata.origin = key.origin;
  metadata.key_manager = key.manager;
  metadata.customer_master_key_spec = key.spec;
  metadata.key_spec = key.spec;
  metadata.multi_region = key.multi_region;
  add_algorithms(metadata, key.usage, key.spec);
  add_deletion(metadata, key);
  if (key.spec == "SYMMETRIC_DEFAULT" && key.origin == "AWS_KMS")
    metadata.current_key_material_id = key_material_id(key.id, key.current_version);
  if (key.multi_region) metadata.multi_region_configuration = multi_region_configuration(key, copies);
  return metadata;
}

}  // namespace coffer::services::kms
