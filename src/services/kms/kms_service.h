// SPDX-License-Identifier: Apache-2.0
// The AWS KMS API. One file an operation family. Thread-safe; keeps no state. Source: AWS KMS API Reference.
#pragma once
#include "generated/kms/model.h"
#include "services/call.h"

namespace coffer::services::kms {

namespace api = coffer::kms;  // the generated shapes

class KeyStoreWorker;
class KeyWorker;

class KmsService final : public api::Handlers {
 public:
  // Told when there is something for them to do; may be null. Outlive the service.
  explicit KmsService(KeyWorker* worker = nullptr, KeyStoreWorker* key_store_worker = nullptr)
      : worker_(worker), key_store_worker_(key_store_worker) {}

  // keys.cc
  Result<api::CreateKeyResponse> create_key(Call& call, const api::CreateKeyRequest& request) override;
  Result<api::DescribeKeyResponse> describe_key(Call& call, const api::DescribeKeyRequest& request) override;
  Result<api::UpdateKeyDescriptionResponse> update_key_description(
      Call& call, const api::UpdateKeyDescriptionRequest& request) override;
  Result<api::ListKeysResponse> list_keys(Call& call, const api::ListKeysRequest& request) override;
  Result<api::EnableKeyResponse> enable_key(Call& call, const api::EnableKeyRequest& request) override;
  Result<api::DisableKeyResponse> disable_key(Call& call, const api::DisableKeyRequest& request) override;
  // aliases.cc
  Result<api::CreateAliasResponse> create_alias(Call& call, const api::CreateAliasRequest& request) override;
  Result<api::UpdateAliasResponse> update_alias(Call& call, const api::UpdateAliasRequest& request) override;
  Result<api::DeleteAliasResponse> delete_alias(Call& call, const api::DeleteAliasRequest& request) override;
  Result<api::ListAliasesResponse> list_aliases(Call& call, const api::ListAliasesRequest& request) override;
  // key_tags.cc
  Result<api::TagResourceResponse> tag_resource(Call& call, const api::TagResourceRequest& request) override;
  Result<api::UntagResourceResponse> untag_resource(Call& call,
                                                    const api::UntagResourceRequest& request) override;
  Result<api::ListResourceTagsResponse> list_resource_tags(
      Call& call, const api::ListResourceTagsRequest& request) override;
  // key_policies.cc
  Result<api::GetKeyPolicyResponse> get_key_policy(Call& call,
                                                   const api::GetKeyPolicyRequest& request) override;
  Result<api::PutKeyPolicyResponse> put_key_policy(Call& call,
                                                   const api::PutKeyPolicyRequest& request) override;
  Result<api::ListKeyPoliciesResponse> list_key_policies(Call& call,
                                                         const api::ListKeyPoliciesRequest& request) override;
  // grants.cc
  Result<api::CreateGrantResponse> create_grant(Call& call, const api::CreateGrantRequest& request) override;
  Result<api::ListGrantsResponse> list_grants(Call& call, const api::ListGrantsRequest& request) override;
  Result<api::ListGrantsResponse> list_retirable_grants(
      Call& call, const api::ListRetirableGrantsRequest& request) override;
  Result<api::RetireGrantResponse> retire_grant(Call& call, const api::RetireGrantRequest& request) override;
  Result<api::RevokeGrantResponse> revoke_grant(Call& call, const api::RevokeGrantRequest& request) override;
  // sign.cc
  Result<api::SignResponse> sign(Call& call, const api::SignRequest& request) override;
  Result<api::VerifyResponse> verify(Call& call, const api::VerifyRequest& request) override;
  // mac.cc
  Result<api::GenerateMacResponse> generate_mac(Call& call, const api::GenerateMacRequest& request) override;
  Result<api::VerifyMacResponse> verify_mac(Call& call, const api::VerifyMacRequest& request) override;
  // public_key.cc
  Result<api::GetPublicKeyResponse> get_public_key(Call& call,
                                                   const api::GetPublicKeyRequest& request) override;
  Result<api::DeriveSharedSecretResponse> derive_shared_secret(
      Call& call, const api::DeriveSharedSecretRequest& request) override;
  // import.cc
  Result<api::GetParametersForImportResponse> get_parameters_for_import(
      Call& call, const api::GetParametersForImportRequest& request) override;
  Result<api::ImportKeyMaterialResponse> import_key_material(
      Call& call, const api::ImportKeyMaterialRequest& request) override;
  Result<api::DeleteImportedKeyMaterialResponse> delete_imported_key_material(
      Call& call, const api::DeleteImportedKeyMaterialRequest& request) override;
  // deletion.cc
  Result<api::ScheduleKeyDeletionResponse> schedule_key_deletion(
      Call& call, const api::ScheduleKeyDeletionRequest& request) override;
  Result<api::CancelKeyDeletionResponse> cancel_key_deletion(
      Call& call, const api::CancelKeyDeletionRequest& request) override;
  // rotation.cc
  Result<api::EnableKeyRotationResponse> enable_key_rotation(
      Call& call, const api::EnableKeyRotationRequest& request) override;
  Result<api::DisableKeyRotationResponse> disable_key_rotation(
      Call& call, const api::DisableKeyRotationRequest& request) override;
  Result<api::GetKeyRotationStatusResponse> get_key_rotation_status(
      Call& call, const api::GetKeyRotationStatusRequest& request) override;
  Result<api::RotateKeyOnDemandResponse> rotate_key_on_demand(
      Call& call, const api::RotateKeyOnDemandRequest& request) override;
  Result<api::ListKeyRotationsResponse> list_key_rotations(
      Call& call, const api::ListKeyRotationsRequest& request) override;
  // replication.cc
  Result<api::ReplicateKeyResponse> replicate_key(Call& call,
                                                  const api::ReplicateKeyRequest& request) override;
  Result<api::UpdatePrimaryRegionResponse> update_primary_region(
      Call& call, const api::UpdatePrimaryRegionRequest& request) override;
  // key_usage.cc
  Result<api::GetKeyLastUsageResponse> get_key_last_usage(
      Call& call, const api::GetKeyLastUsageRequest& request) override;
  // key_dependents.cc
  Result<api::DescribeKeyDependentsResponse> describe_key_dependents(
      Call& call, const api::DescribeKeyDependentsRequest& request) override;
  // custom_key_stores.cc
  Result<api::CreateCustomKeyStoreResponse> create_custom_key_store(
      Call& call, const api::CreateCustomKeyStoreRequest& request) override;
  Result<api::UpdateCustomKeyStoreResponse> update_custom_key_store(
      Call& call, const api::UpdateCustomKeyStoreRequest& request) override;
  Result<api::DeleteCustomKeyStoreResponse> delete_custom_key_store(
      Call& call, const api::DeleteCustomKeyStoreRequest& request) override;
  Result<api::DescribeCustomKeyStoresResponse> describe_custom_key_stores(
      Call& call, const api::DescribeCustomKeyStoresRequest& request) override;
  // key_store_connections.cc
  Result<api::ConnectCustomKeyStoreResponse> connect_custom_key_store(
      Call& call, const api::ConnectCustomKeyStoreRequest& request) override;
  Result<api::DisconnectCustomKeyStoreResponse> disconnect_custom_key_store(
      Call& call, const api::DisconnectCustomKeyStoreRequest& request) override;
  // cryptography.cc
  Result<api::EncryptResponse> encrypt(Call& call, const api::EncryptRequest& request) override;
  Result<api::DecryptResponse> decrypt(Call& call, const api::DecryptRequest& request) override;
  Result<api::ReEncryptResponse> re_encrypt(Call& call, const api::ReEncryptRequest& request) override;
  // data_keys.cc
  Result<api::GenerateDataKeyPairResponse> generate_data_key_pair(
      Call& call, const api::GenerateDataKeyPairRequest& request) override;
  Result<api::GenerateDataKeyPairWithoutPlaintextResponse> generate_data_key_pair_without_plaintext(
      Call& call, const api::GenerateDataKeyPairWithoutPlaintextRequest& request) override;
  Result<api::GenerateDataKeyResponse> generate_data_key(Call& call,
                                                         const api::GenerateDataKeyRequest& request) override;
  Result<api::GenerateDataKeyWithoutPlaintextResponse> generate_data_key_without_plaintext(
      Call& call, const api::GenerateDataKeyWithoutPlaintextRequest& request) override;
  Result<api::GenerateRandomResponse> generate_random(Call& call,
                                                      const api::GenerateRandomRequest& request) override;

 private:
  KeyWorker* const worker_;
  KeyStoreWorker* const key_store_worker_;
};

}  // namespace coffer::services::kms
