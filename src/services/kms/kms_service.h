// SPDX-License-Identifier: Apache-2.0
// The AWS KMS API. One file an operation family: keys.cc, aliases.cc, cryptography.cc. Thread-safe; keeps no
// state. Source: AWS KMS API Reference.
#pragma once
#include "generated/kms/model.h"
#include "services/call.h"

namespace coffer::services::kms {

namespace api = coffer::kms;  // the generated shapes

class KmsService final : public api::Handlers {
 public:
  // keys.cc
  Result<api::CreateKeyResponse> create_key(Call& call, const api::CreateKeyRequest& request) override;
  Result<api::DescribeKeyResponse> describe_key(Call& call, const api::DescribeKeyRequest& request) override;
  Result<api::ListKeysResponse> list_keys(Call& call, const api::ListKeysRequest& request) override;
  Result<api::EnableKeyResponse> enable_key(Call& call, const api::EnableKeyRequest& request) override;
  Result<api::DisableKeyResponse> disable_key(Call& call, const api::DisableKeyRequest& request) override;
  // aliases.cc
  Result<api::CreateAliasResponse> create_alias(Call& call, const api::CreateAliasRequest& request) override;
  Result<api::ListAliasesResponse> list_aliases(Call& call, const api::ListAliasesRequest& request) override;
  // cryptography.cc
  Result<api::EncryptResponse> encrypt(Call& call, const api::EncryptRequest& request) override;
  Result<api::DecryptResponse> decrypt(Call& call, const api::DecryptRequest& request) override;
  Result<api::GenerateDataKeyResponse> generate_data_key(Call& call,
                                                         const api::GenerateDataKeyRequest& request) override;
  Result<api::GenerateDataKeyWithoutPlaintextResponse> generate_data_key_without_plaintext(
      Call& call, const api::GenerateDataKeyWithoutPlaintextRequest& request) override;
  Result<api::GenerateRandomResponse> generate_random(Call& call,
                                                      const api::GenerateRandomRequest& request) override;
};

}  // namespace coffer::services::kms
