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
#include "format/volume_key_box.h"

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

// --- reply bodies with more than one field
struct StatusReply {
  std::string seal;
  std::string arena;
  uint32_t domain_key_version = 0;
  bool recipient_enrolled = false;
  void write(Writer& writer) const;
  static StatusReply read(Reader& reader);
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
