// SPDX-License-Identifier: Apache-2.0
// What keyd does for others. The rules that keep a compromised apid away from keys are here and nowhere else:
// a volume-class data key is made without plaintext, opens by no Decrypt, and leaves only in a box for the
// recipient that the named host enrolled over its own channel.
#pragma once
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "format/keyd_hsm_protocol.h"
#include "format/keyd_mfa_protocol.h"
#include "format/keyd_protocol.h"
#include "format/keyd_seal_protocol.h"
#include "keys/backing_keys.h"
#include "keys/domain_key_vault.h"
#include "keys/domain_keys.h"
#include "keys/hsm_stores.h"
#include "keys/recipients.h"
#include "keys/seal_control.h"
#include "keys/symmetric_key.h"
#include "secret/secret_bytes.h"

namespace coffer::keys {

// Reply bytes: what may lie in ordinary memory, then what may not.
struct ReplyBody {
  Bytes open;
  secret::SecretBytes secret;
};

// Thread-safe.
class Operations {
 public:
  // All must outlive this. Without a `seal_control` the seal cannot be changed; without `hsm_stores` no key
  // is in a token.
  Operations(DomainKeyVault& vault, SealControl* seal_control, const Clock& clock,
             HsmStores* hsm_stores = nullptr);
  // Domain keys that are nowhere but in memory, for tests.
  Operations(DomainKeys domain_keys, std::string seal_description, const Clock& clock,
             HsmStores* hsm_stores = nullptr);

  Result<ReplyBody> status() const;
  Result<ReplyBody> create_backing_key(const format::keyd::CreateBackingKey& request) const;
  Result<ReplyBody> encrypt(const format::keyd::Encrypt& request);
  Result<ReplyBody> decrypt(const format::keyd::Decrypt& request);
  Result<ReplyBody> generate_data_key(const format::keyd::GenerateDataKey& request);
  Result<ReplyBody> generate_data_key_without_plaintext(
      const format::keyd::GenerateDataKeyWithoutPlaintext& request);
  Result<ReplyBody> generate_random(const format::keyd::GenerateRandom& request) const;
  Result<ReplyBody> box_volume_keys(const format::keyd::BoxVolumeKeys& request);
  Result<ReplyBody> create_access_key_secret(const format::keyd::CreateAccessKeySecret& request) const;
  Result<ReplyBody> derive_signing_key(const format::keyd::DeriveSigningKey& request) const;
  Result<ReplyBody> create_certificate_authority(
      const format::keyd::CreateCertificateAuthority& request) const;
  Result<ReplyBody> issue_certificate(const format::keyd::IssueCertificate& request) const;

  // operations_key_pairs.cc
  Result<ReplyBody> create_key_material(const format::keyd::CreateKeyMaterial& request) const;
  Result<ReplyBody> sign(const format::keyd::Sign& request);
  Result<ReplyBody> verify(const format::keyd::Verify& request);
  Result<ReplyBody> generate_mac(const format::keyd::GenerateMac& request);
  Result<ReplyBody> verify_mac(const format::keyd::VerifyMac& request);
  Result<ReplyBody> encrypt_asymmetric(const format::keyd::EncryptAsymmetric& request);
  Result<ReplyBody> decrypt_asymmetric(const format::keyd::DecryptAsymmetric& request);
  Result<ReplyBody> derive_shared_secret(const format::keyd::DeriveSharedSecret& request);
  Result<ReplyBody> generate_data_key_pair(const format::keyd::GenerateDataKeyPair& request);
  Result<ReplyBody> generate_data_key_pair_without_plaintext(
      const format::keyd::GenerateDataKeyPair& request);
  Result<ReplyBody> create_import_parameters(const format::keyd::CreateImportParameters& request) const;
  Result<ReplyBody> import_key_material(const format::keyd::ImportKeyMaterial& request) const;

  // operations_key_life.cc
  Result<ReplyBody> replicate_backing_key(const format::keyd::ReplicateBackingKey& request) const;
  Result<ReplyBody> forget_key(const format::keyd::ForgetKey& request);
  Result<ReplyBody> rewrap_volume_key(const format::keyd::RewrapVolumeKey& request);

  // operations_key_stores.cc
  Result<ReplyBody> wrap_key_store_secret(const format::keyd::WrapKeyStoreSecret& request) const;
  Result<ReplyBody> derive_proxy_signing_key(const format::keyd::DeriveProxySigningKey& request) const;

  // Keys in PKCS#11 tokens (operations_hsm.cc).
  Result<ReplyBody> describe_hsm_cluster(const format::keyd::DescribeHsmCluster& request) const;
  Result<ReplyBody> connect_hsm(const format::keyd::ConnectHsm& request) const;
  Result<ReplyBody> create_hsm_key(const format::keyd::CreateHsmKey& request) const;
  Result<ReplyBody> destroy_hsm_key(const format::keyd::DestroyHsmKey& request) const;
  Result<ReplyBody> generate_hsm_random(const format::keyd::GenerateHsmRandom& request) const;

  // operations_mfa.cc
  Result<ReplyBody> create_mfa_seed(const format::keyd::CreateMfaSeed& request) const;
  Result<ReplyBody> verify_mfa_codes(const format::keyd::VerifyMfaCodes& request) const;

  // Domain keys and seals (domain_key_operations.cc).
  Result<ReplyBody> seal_status() const;
  Result<ReplyBody> add_domain_key(const format::keyd::DomainKeyVersion& request);
  Result<ReplyBody> rewrap_tokens(const format::keyd::RewrapTokens& request) const;
  Result<ReplyBody> rewrap_secrets(const format::keyd::RewrapSecrets& request) const;
  Result<ReplyBody> retire_domain_keys(const format::keyd::DomainKeyVersion& request);
  Result<ReplyBody> change_seal(const format::keyd::SealRequest& request);
  Result<ReplyBody> export_domain_keys(const format::keyd::SealRequest& request);

  // `host_id` comes from whoever handed out the channel, never from the message.
  Result<ReplyBody> enrol_recipient(const std::string& host_id, const format::keyd::EnrolRecipient& request);

 private:
  // No other kind of key opens blobs or makes data keys.
  Result<SymmetricKey> symmetric_key(const format::WrappedBackingKey& key);
  Result<secret::SecretBytes> open_volume_key(const format::VolumeKeyRequest& layer);
  // operations_hsm.cc
  Result<HsmStores*> hsm() const;
  Result<secret::SecretBytes> password_of(const format::keyd::HsmLogin& login) const;
  Status ensure_known(const format::keyd::HsmLogin& login) const;

  const std::unique_ptr<DomainKeyVault> own_vault_;
  DomainKeyVault& vault_;
  SealControl* const seal_control_ = nullptr;
  const Clock& clock_;
  HsmStores* const hsm_stores_ = nullptr;
  BackingKeyCache cache_;
  Recipients recipients_;
};

}  // namespace coffer::keys
