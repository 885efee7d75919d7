// SPDX-License-Identifier: Apache-2.0
// The binary protocol of keyd's channels (docs/format/keyd-protocol.md): one request a packet, one reply a
// packet, matched by request number. Pure and bounded. Byte views in a parsed message point into the packet.
// Where a message holds a secret it is the last field, so that it is written once and never moved.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "format/certificate_purpose.h"
#include "format/codec.h"
#include "format/encryption_context.h"
#include "format/key_binding.h"
#include "format/key_kinds.h"
#include "format/volume_key_box.h"
#include "format/wrapped_secret.h"

namespace coffer::format::keyd {

inline constexpr uint8_t kProtocolVersion = 1;
inline constexpr size_t kLargestPlaintext = 4096;  // Encrypt's limit in the KMS API
inline constexpr uint32_t kLargestDataKey = 1024;  // GenerateDataKey's and GenerateRandom's

enum class Operation : uint16_t {
  kStatus = 1,
  kCreateBackingKey = 2,
  kEncrypt = 3,
  kDecrypt = 4,
  kGenerateDataKey = 5,
  kGenerateDataKeyWithoutPlaintext = 6,
  kGenerateRandom = 7,
  kBoxVolumeKeys = 8,
  kCreateAccessKeySecret = 9,
  kDeriveSigningKey = 10,
  kCreateCertificateAuthority = 11,
  kIssueCertificate = 12,
  kEnrolRecipient = 13,  // the only operation of a recipient's channel, and of no other
  kCreateKeyMaterial = 20,
  kSign = 21,
  kVerify = 22,
  kGenerateMac = 23,
  kVerifyMac = 24,
  kEncryptAsymmetric = 25,
  kDecryptAsymmetric = 26,
  kDeriveSharedSecret = 27,
  kGenerateDataKeyPair = 28,
  kGenerateDataKeyPairWithoutPlaintext = 29,
  kCreateImportParameters = 30,
  kImportKeyMaterial = 31,
  kReplicateBackingKey = 35,
  kForgetKey = 36,
  kRewrapVolumeKey = 37,
  // Domain keys and seals (keyd_seal_protocol.h).
  kSealStatus = 40,
  kAddDomainKey = 41,
  kRewrapTokens = 42,
  kRewrapSecrets = 43,
  kRetireDomainKeys = 44,
  kChangeSeal = 45,
  kExportDomainKeys = 46,
  // Custom key stores.
  kWrapKeyStoreSecret = 50,
  kDeriveProxySigningKey = 51,
  // Keys in PKCS#11 tokens (keyd_hsm_protocol.h).
  kDescribeHsmCluster = 55,
  kConnectHsm = 56,
  kCreateHsmKey = 57,
  kDestroyHsmKey = 58,
  kGenerateHsmRandom = 59,
  // MFA devices (keyd_mfa_protocol.h).
  kCreateMfaSeed = 60,
  kVerifyMfaCodes = 61,
};

// --- the frame
struct Request {
  uint64_t id = 0;
  Operation operation = Operation::kStatus;  // may hold a number that names no operation
  ByteView body;
};
void begin_request(Writer& writer, uint64_t id, Operation operation);
// kTooNew for another protocol version, kInvalidArgument for a packet too short.
Result<Request> parse_request(ByteView packet);

struct Reply {
  uint64_t id = 0;
  Status status;
  ByteView body;
};
void begin_reply(Writer& writer, uint64_t id);
Bytes encode_failure(uint64_t id, const Error& error);
Result<Reply> parse_reply(ByteView packet);

// --- request bodies: write() appends, read() takes what write() wrote
struct CreateBackingKey {
  KeyBinding binding;
  uint32_t version = 1;
  void write(Writer& writer) const;
  static CreateBackingKey read(Reader& reader);
};

struct Encrypt {
  WrappedBackingKey key;
  EncryptionContext context;
  ByteView plaintext;
  void write(Writer& writer) const;
  static Encrypt read(Reader& reader);
};

struct Decrypt {
  WrappedBackingKey key;
  EncryptionContext context;
  ByteView blob;
  void write(Writer& writer) const;
  static Decrypt read(Reader& reader);
};

struct GenerateDataKey {
  WrappedBackingKey key;
  EncryptionContext context;
  uint32_t size = 0;
  void write(Writer& writer) const;
  static GenerateDataKey read(Reader& reader);
};

struct GenerateDataKeyWithoutPlaintext {
  GenerateDataKey request;
  BlobClass blob_class = BlobClass::kCustomer;
  void write(Writer& writer) const;
  static GenerateDataKeyWithoutPlaintext read(Reader& reader);
};

struct GenerateRandom {
  uint32_t size = 0;
  void write(Writer& writer) const;
  static GenerateRandom read(Reader& reader);
};

struct BoxVolumeKeys {
  BoxBinding binding;
  std::vector<VolumeKeyRequest> layers;
  void write(Writer& writer) const;
  static BoxVolumeKeys read(Reader& reader);
};

struct CreateAccessKeySecret {
  std::string access_key_id;
  void write(Writer& writer) const;
  static CreateAccessKeySecret read(Reader& reader);
};

struct DeriveSigningKey {
  std::string access_key_id;
  Bytes wrapped_secret;
  std::string date, region, service;
  void write(Writer& writer) const;
  static DeriveSigningKey read(Reader& reader);
};

struct CreateCertificateAuthority {
  std::string common_name;
  void write(Writer& writer) const;
  static CreateCertificateAuthority read(Reader& reader);
};

struct IssueCertificate {
  Bytes wrapped_private_key;
  Bytes certificate_der;
  Bytes subject_public_key_der;
  std::vector<std::string> names;
  uint32_t days = 0;
  CertificatePurpose purpose = CertificatePurpose::kServer;
  void write(Writer& writer) const;
  static IssueCertificate read(Reader& reader);
};

struct EnrolRecipient {
  Bytes public_key;
  void write(Writer& writer) const;
  static EnrolRecipient read(Reader& reader);
};

struct CreateKeyMaterial {
  KeyBinding binding;
  uint32_t version = 1;
  KeySpec spec = KeySpec::kSymmetricDefault;
  void write(Writer& writer) const;
  static CreateKeyMaterial read(Reader& reader);
};

struct Sign {
  WrappedBackingKey key;
  SigningAlgorithm algorithm = SigningAlgorithm::kEcdsaSha256;
  MessageType message_type = MessageType::kRaw;
  ByteView message;
  void write(Writer& writer) const;
  static Sign read(Reader& reader);
};

struct Verify {
  Sign what;
  ByteView signature;
  void write(Writer& writer) const;
  static Verify read(Reader& reader);
};

struct GenerateMac {
  WrappedBackingKey key;
  ByteView message;
  void write(Writer& writer) const;
  static GenerateMac read(Reader& reader);
};

struct VerifyMac {
  GenerateMac what;
  ByteView mac;
  void write(Writer& writer) const;
  static VerifyMac read(Reader& reader);
};

struct EncryptAsymmetric {
  WrappedBackingKey key;
  EncryptionAlgorithm algorithm = EncryptionAlgorithm::kRsaesOaepSha256;
  ByteView plaintext;
  void write(Writer& writer) const;
  static EncryptAsymmetric read(Reader& reader);
};

struct DecryptAsymmetric {
  WrappedBackingKey key;
  EncryptionAlgorithm algorithm = EncryptionAlgorithm::kRsaesOaepSha256;
  ByteView ciphertext;
  void write(Writer& writer) const;
  static DecryptAsymmetric read(Reader& reader);
};

struct DeriveSharedSecret {
  WrappedBackingKey key;
  ByteView peer_public_key;
  void write(Writer& writer) const;
  static DeriveSharedSecret read(Reader& reader);
};

// Of either operation that makes a data key pair.
struct GenerateDataKeyPair {
  WrappedBackingKey key;
  EncryptionContext context;
  KeySpec spec = KeySpec::kRsa2048;
  void write(Writer& writer) const;
  static GenerateDataKeyPair read(Reader& reader);
};

struct CreateImportParameters {
  KeyBinding binding;
  KeySpec wrapping_spec = KeySpec::kRsa2048;
  WrappingAlgorithm algorithm = WrappingAlgorithm::kRsaesOaepSha256;
  void write(Writer& writer) const;
  static CreateImportParameters read(Reader& reader);
};

struct ImportKeyMaterial {
  KeyBinding binding;
  uint32_t version = 1;
  KeySpec spec = KeySpec::kSymmetricDefault;
  ByteView import_token;
  ByteView wrapped_material;
  ByteView expected_material_id;  // empty: any material is welcome
  void write(Writer& writer) const;
  static ImportKeyMaterial read(Reader& reader);
};

// --- the life of keys

// A multi-Region key's backing key, bound to another region: account, key id and version stay.
struct ReplicateBackingKey {
  WrappedBackingKey key;
  std::string region;
  void write(Writer& writer) const;
  static ReplicateBackingKey read(Reader& reader);
};

// What is kept in memory of a key that was destroyed, or whose material was, is wiped.
struct ForgetKey {
  KeyBinding binding;
  void write(Writer& writer) const;
  static ForgetKey read(Reader& reader);
};

// A volume's data key, from one backing key to another of the same KMS key; its context stays.
struct RewrapVolumeKey {
  WrappedBackingKey from, to;
  EncryptionContext context;
  ByteView blob;
  void write(Writer& writer) const;
  static RewrapVolumeKey read(Reader& reader);
};

// --- custom key stores

// A secret that the caller of KMS brought: kProxySecret or kKeyStorePassword.
struct WrapKeyStoreSecret {
  SecretKind kind = SecretKind::kProxySecret;
  std::string key_store_id;
  ByteView secret;
  void write(Writer& writer) const;
  static WrapKeyStoreSecret read(Reader& reader);
};

// For requests to an external key store proxy: SigV4's service is always kms-xks-proxy.
struct DeriveProxySigningKey {
  std::string key_store_id;
  Bytes wrapped_secret;
  std::string date, region;
  void write(Writer& writer) const;
  static DeriveProxySigningKey read(Reader& reader);
};

// --- reply bodies with more than one field
struct StatusReply {
  std::string seal;
  std::string arena;
  uint32_t domain_key_version = 0;
  bool recipient_enrolled = false;
  void write(Writer& writer) const;
  static StatusReply read(Reader& reader);
};

// Of a key that was made or imported; none of it is secret.
struct KeyMaterialReply {
  Bytes token;
  Bytes material_id;
  Bytes public_key_der;  // empty for a key that is no pair
  void write(Writer& writer) const;
  static KeyMaterialReply read(Reader& reader);
};

// Of a data key pair; the private key, where there is one, is the rest of the packet.
struct DataKeyPairReply {
  Bytes private_key_blob;
  Bytes public_key_der;
  void write(Writer& writer) const;
  static DataKeyPairReply read(Reader& reader);
};

struct ImportParametersReply {
  Bytes import_token;
  Bytes public_key_der;
  uint64_t valid_to_microseconds = 0;
  void write(Writer& writer) const;
  static ImportParametersReply read(Reader& reader);
};

enum class ImportOutcome : uint8_t {
  kImported = 0,
  kInvalidToken = 1,
  kExpiredToken = 2,
  kInvalidCiphertext = 3,
  kIncorrectMaterial = 4,
  kOtherMaterial = 5,  // not that of expected_material_id
};
struct ImportReply {
  ImportOutcome outcome = ImportOutcome::kImported;
  KeyMaterialReply key;  // empty unless imported
  void write(Writer& writer) const;
  static ImportReply read(Reader& reader);
};

// A field that may be seen, then the rest of the packet: GenerateDataKey (blob, plaintext),
// CreateAccessKeySecret (wrapped, plaintext), CreateCertificateAuthority (wrapped key, certificate).
struct FieldAndRest {
  ByteView field;
  ByteView rest;
};
Result<FieldAndRest> parse_field_and_rest(ByteView body);

// A body with nothing left over, or kInvalidArgument.
template <class Body>
Result<Body> parse_body(ByteView bytes) {
  Reader reader(bytes);
  Body body = Body::read(reader);
  if (!reader.at_end()) return fail(ErrorKind::kInvalidArgument, "malformed message on keyd's channel");
  return body;
}

}  // namespace coffer::format::keyd
