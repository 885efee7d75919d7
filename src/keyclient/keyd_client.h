// SPDX-License-Identifier: Apache-2.0
// The channel to keyd, for apid. One request packet, one reply packet; calls of several threads are pipelined
// by request number. Thread-safe. While keyd is down, or after it died with a call under way, calls fail with
// kUnavailable; connect() with a fresh channel mends that.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "format/certificate_purpose.h"
#include "format/encryption_context.h"
#include "format/key_binding.h"
#include "format/key_kinds.h"
#include "format/keyd_hsm_protocol.h"
#include "format/keyd_mfa_protocol.h"
#include "format/keyd_protocol.h"
#include "format/keyd_seal_protocol.h"
#include "format/volume_key_box.h"
#include "secret/secret_bytes.h"

namespace coffer::keyclient {

using format::BoxBinding;
using format::CertificatePurpose;
using format::VolumeKeyRequest;
using format::WrappedBackingKey;

struct DataKey {
  secret::SecretBytes plaintext;
  Bytes blob;
};

struct NewSecret {
  secret::SecretBytes plaintext;  // to be handed out once
  Bytes wrapped;                  // to be stored
};

struct CertificateAuthority {
  Bytes wrapped_private_key;
  Bytes certificate_der;
};

using NewKeyMaterial = format::keyd::KeyMaterialReply;  // token, material id, public key
using ImportParameters = format::keyd::ImportParametersReply;
using ImportResult = format::keyd::ImportReply;
using ImportOutcome = format::keyd::ImportOutcome;

struct DataKeyPair {
  Bytes private_key_blob;
  Bytes public_key_der;
  secret::SecretBytes private_key;  // PKCS#8; empty without plaintext
};

struct KeydStatus {
  std::string seal;   // "key file /…/seal.key"
  std::string arena;  // "memfd_secret", "locked memory"
  uint32_t domain_key_version = 0;
  bool recipient_enrolled = false;
};

using SealStatus = format::keyd::SealStatusReply;
using format::keyd::NamedSecret;

using format::keyd::HsmLogin;
using HsmKey = format::keyd::HsmKeyReply;                // the object's label, the backing-key token
using HsmClusterStatus = format::keyd::HsmClusterReply;  // known, trusts, found

class KeydClient {
 public:
  KeydClient();
  ~KeydClient();
  void connect(FileDescriptor channel);  // replaces the previous channel

  Result<KeydStatus> status();

  // KMS keys. Ciphertext that fails any check: kRefusedCiphertext.
  Result<Bytes> create_backing_key(const format::KeyBinding& binding, uint32_t version);
  Result<Bytes> encrypt(const WrappedBackingKey& key, ByteView plaintext,
                        const format::EncryptionContext& context);
  Result<secret::SecretBytes> decrypt(const WrappedBackingKey& key, ByteView blob,
                                      const format::EncryptionContext& context);
  Result<DataKey> generate_data_key(const WrappedBackingKey& key, uint32_t size,
                                    const format::EncryptionContext& context);
  Result<Bytes> generate_data_key_without_plaintext(const WrappedBackingKey& key, uint32_t size,
                                                    const format::EncryptionContext& context,
                                                    format::BlobClass blob_class);
  Result<secret::SecretBytes> generate_random(uint32_t size);

  // Key material of any kind. A key of another kind than the operation needs, or an algorithm that it does
  // not have: kInvalidArgument. What makes RSA keys may take some seconds.
  Result<NewKeyMaterial> create_key_material(const format::KeyBinding& binding, uint32_t version,
                                             format::KeySpec spec);
  Result<Bytes> sign(const WrappedBackingKey& key, format::SigningAlgorithm algorithm,
                     format::MessageType type, ByteView message);
  Result<bool> verify(const WrappedBackingKey& key, format::SigningAlgorithm algorithm,
                      format::MessageType type, ByteView message, ByteView signature);
  Result<Bytes> generate_mac(const WrappedBackingKey& key, ByteView message);
  Result<bool> verify_mac(const WrappedBackingKey& key, ByteView message, ByteView mac);
  Result<Bytes> encrypt_asymmetric(const WrappedBackingKey& key, format::EncryptionAlgorithm algorithm,
                                   ByteView plaintext);
  Result<secret::SecretBytes> decrypt_asymmetric(const WrappedBackingKey& key,
                                                 format::EncryptionAlgorithm algorithm, ByteView ciphertext);
  Result<secret::SecretBytes> derive_shared_secret(const WrappedBackingKey& key, ByteView peer_public_key);
  Result<DataKeyPair> generate_data_key_pair(const WrappedBackingKey& key, format::KeySpec spec,
                                             const format::EncryptionContext& context, bool with_plaintext);
  Result<ImportParameters> create_import_parameters(const format::KeyBinding& binding,
                                                    format::KeySpec wrapping_spec,
                                                    format::WrappingAlgorithm algorithm);
  // `expected_material_id` empty: any material is welcome.
  Result<ImportResult> import_key_material(const format::KeyBinding& binding, uint32_t version,
                                           format::KeySpec spec, ByteView import_token,
                                           ByteView wrapped_material, ByteView expected_material_id);

  // A multi-Region key's backing key as a token for its replica in another region.
  Result<Bytes> replicate_backing_key(const WrappedBackingKey& key, const std::string& region);
  // The key is destroyed: keyd wipes what it has unwrapped of it.
  Status forget_key(const format::KeyBinding& binding);
  // A volume's wrapped data key, under another version of its KMS key's material.
  Result<Bytes> rewrap_volume_key(const WrappedBackingKey& from, const WrappedBackingKey& to, ByteView blob,
                                  const format::EncryptionContext& context);

  // AES-256 keys in PKCS#11 tokens, used by the calls above like any other: kUnavailable while their key
  // store is not connected, kConflict when the token cannot be reached or has lost the key. Whatever takes a
  // login opens the token if it must. `account`: may it use the
  // cluster? `certificate_pem`: is it the cluster's trust anchor? `look`: at the
  // token.
  Result<HsmClusterStatus> describe_hsm_cluster(const std::string& cluster_id, const std::string& account,
                                                const std::string& certificate_pem, bool look);
  Result<format::HsmLoginOutcome> connect_hsm(const HsmLogin& login);
  Status remember_hsm(const HsmLogin& login);  // for a keyd that was started anew
  Status disconnect_hsm(const HsmLogin& login);
  Result<HsmKey> create_hsm_key(const HsmLogin& login, const format::KeyBinding& binding, uint32_t version);
  Status destroy_hsm_key(const HsmLogin& login, const WrappedBackingKey& key);  // gone already: no error
  Result<secret::SecretBytes> generate_hsm_random(const HsmLogin& login, uint32_t size);

  // The keys of one attachment, in one box for the recipient enrolled for binding.host_id.
  Result<Bytes> box_volume_keys(const std::vector<VolumeKeyRequest>& layers, const BoxBinding& binding);
  // The same in as many boxes as it takes (a box, and the request for it, have bounds), for long chains.
  Result<std::vector<Bytes>> box_chain_keys(const std::vector<VolumeKeyRequest>& layers,
                                            const BoxBinding& binding);

  // The installation's own secrets, wrapped under the domain key and bound to `name`.
  Result<NewSecret> create_access_key_secret(const std::string& access_key_id);
  Result<secret::SecretBytes> derive_signing_key(const std::string& access_key_id, ByteView wrapped_secret,
                                                 const std::string& date, const std::string& region,
                                                 const std::string& service);
  Result<CertificateAuthority> create_certificate_authority(const std::string& common_name);
  Result<Bytes> issue_certificate(const CertificateAuthority& authority, ByteView subject_public_key_der,
                                  const std::vector<std::string>& names, uint32_t days,
                                  CertificatePurpose purpose = CertificatePurpose::kServer);

  // MFA devices: a seed for one-time codes, in base32, bound to the device; and the last of the steps whose
  // code the first one is, the second (where there is one) being the code of the step after it.
  struct StepWindow {
    int64_t first = 0;  // time step, of 30 seconds since 1970
    uint32_t steps = 0;
  };
  Result<NewSecret> create_mfa_seed(const std::string& serial_number);
  Result<std::optional<int64_t>> verify_mfa_codes(const std::string& serial_number, ByteView wrapped_seed,
                                                  const StepWindow& window,
                                                  const std::vector<std::string>& codes);

  // Custom key stores: a secret that their owner brought, wrapped under the domain key and bound to the
  // store's id; and the signing key for requests to an external key store's proxy.
  Result<Bytes> wrap_key_store_secret(format::SecretKind kind, const std::string& key_store_id,
                                      ByteView secret);
  Result<secret::SecretBytes> derive_proxy_signing_key(const std::string& key_store_id,
                                                       ByteView wrapped_secret, const std::string& date,
                                                       const std::string& region);

  // Domain keys and seals.
  Result<SealStatus> seal_status();
  // Makes a version above `version` unless there is one; the newest.
  Result<uint32_t> add_domain_key(uint32_t version);
  // Under the newest domain key, in the same order; empty where no domain key opens one. kLimitExceeded for
  // more than fit a request: at most format::keyd::kMostRewrapped, and 100 KiB.
  Result<std::vector<Bytes>> rewrap_tokens(std::vector<Bytes> tokens);
  Result<std::vector<Bytes>> rewrap_secrets(std::vector<NamedSecret> secrets);
  // Destroys every version below `version`, which must be the newest.
  Status retire_domain_keys(uint32_t version);
  // `box`: see format/seal_parameters.h. The seal's device may take its time.
  Status change_seal(format::SealKind kind, uint64_t sequence, Bytes box);
  Result<Bytes> export_domain_keys(format::SealKind kind, uint64_t sequence, Bytes box);

 private:
  struct Channel;
  std::unique_ptr<Channel> channel_;
};

// The key id and backing-key version that a ciphertext blob names, to find the right token. Pure; says
// nothing about authenticity. kRefusedCiphertext if it is no blob of ours.
struct BlobIdentity {
  std::string key_id;
  uint32_t backing_key_version = 0;
};
Result<BlobIdentity> identify_blob(ByteView blob);

}  // namespace coffer::keyclient
