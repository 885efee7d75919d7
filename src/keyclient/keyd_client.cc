// SPDX-License-Identifier: Apache-2.0
#include "keyclient/keyd_client.h"

#include "format/external_blob.h"
#include "format/hsm_blob.h"
#include "format/key_id.h"
#include "keyclient/keyd_channel.h"

namespace coffer::keyclient {
namespace {

using format::keyd::Operation;
using secret::SecretBytes;
namespace protocol = format::keyd;

struct NoBody {
  void write(format::Writer&) const {}
};

// What of a box's request is layers: the frame and the binding fit beside it.
constexpr size_t kLongestBoxRequest = PacketChannel::kLargestPacket - 4096;

template <class Body>
size_t written_size(const Body& body) {
  format::Writer writer;
  body.write(writer);
  return writer.bytes().size();
}

}  // namespace

KeydClient::KeydClient() : channel_(std::make_unique<Channel>()) {}

KeydClient::~KeydClient() {
  if (channel_->connection) channel_->connection->close();
}

void KeydClient::connect(FileDescriptor channel) {
  auto fresh = std::make_shared<Connection>(std::move(channel));
  {
    const std::lock_guard lock(channel_->mutex);
    std::swap(channel_->connection, fresh);
    channel_->changed.notify_all();
  }
  if (fresh) fresh->close();
}

Result<KeydStatus> KeydClient::status() {
  COFFER_TRY(reply, channel_->call(Operation::kStatus, NoBody{}));
  COFFER_TRY(body, protocol::parse_body<protocol::StatusReply>(public_bytes(reply)));
  return KeydStatus{body.seal, body.arena, body.domain_key_version, body.recipient_enrolled};
}

Result<Bytes> KeydClient::create_backing_key(const format::KeyBinding& binding, uint32_t version) {
  return channel_->call_for_bytes(Operation::kCreateBackingKey, protocol::CreateBackingKey{binding, version});
}

Result<Bytes> KeydClient::encrypt(const WrappedBackingKey& key, ByteView plaintext,
                                  const format::EncryptionContext& context) {
  return channel_->call_for_bytes(Operation::kEncrypt, protocol::Encrypt{key, context, plaintext});
}

Result<SecretBytes> KeydClient::decrypt(const WrappedBackingKey& key, ByteView blob,
                                        const format::EncryptionContext& context) {
  return channel_->call(Operation::kDecrypt, protocol::Decrypt{key, context, blob});
}

Result<DataKey> KeydClient::generate_data_key(const WrappedBackingKey& key, uint32_t size,
                                              const format::EncryptionContext& context) {
  COFFER_TRY(parts, channel_->call_for_pair(Operation::kGenerateDataKey,
                                            protocol::GenerateDataKey{key, context, size}));
  return DataKey{std::move(parts.second), std::move(parts.first)};
}

Result<Bytes> KeydClient::generate_data_key_without_plaintext(const WrappedBackingKey& key, uint32_t size,
                                                              const format::EncryptionContext& context,
                                                              format::BlobClass blob_class) {
  return channel_->call_for_bytes(
      Operation::kGenerateDataKeyWithoutPlaintext,
      protocol::GenerateDataKeyWithoutPlaintext{{key, context, size}, blob_class});
}

Result<SecretBytes> KeydClient::generate_random(uint32_t size) {
  return channel_->call(Operation::kGenerateRandom, protocol::GenerateRandom{size});
}

Result<Bytes> KeydClient::box_volume_keys(const std::vector<VolumeKeyRequest>& layers,
                                          const BoxBinding& binding) {
  return channel_->call_for_bytes(Operation::kBoxVolumeKeys, protocol::BoxVolumeKeys{binding, layers});
}

Result<std::vector<Bytes>> KeydClient::box_chain_keys(const std::vector<VolumeKeyRequest>& layers,
                                                      const BoxBinding& binding) {
  std::vector<Bytes> boxes;
  protocol::BoxVolumeKeys next{binding, {}};
  const auto send = [&]() -> Status {
    COFFER_TRY(box, channel_->call_for_bytes(Operation::kBoxVolumeKeys, next));
    boxes.push_back(std::move(box));
    next.layers.clear();
    return {};
  };
  size_t size = 0;
  for (const VolumeKeyRequest& layer : layers) {
    const size_t one = written_size(protocol::BoxVolumeKeys{binding, {layer}});
    if (next.layers.size() == format::kMostBoxedKeys || size + one > kLongestBoxRequest) {
      if (!next.layers.empty()) COFFER_CHECK(send());
      size = 0;
    }
    next.layers.push_back(layer);
    size += one;
  }
  if (!next.layers.empty()) COFFER_CHECK(send());
  return boxes;
}

Result<NewSecret> KeydClient::create_access_key_secret(const std::string& access_key_id) {
  COFFER_TRY(parts, channel_->call_for_pair(Operation::kCreateAccessKeySecret,
                                            protocol::CreateAccessKeySecret{access_key_id}));
  return NewSecret{std::move(parts.second), std::move(parts.first)};
}

Result<SecretBytes> KeydClient::derive_signing_key(const std::string& access_key_id, ByteView wrapped_secret,
                                                   const std::string& date, const std::string& region,
                                                   const std::string& service) {
  return channel_->call(
      Operation::kDeriveSigningKey,
      protocol::DeriveSigningKey{access_key_id, to_bytes(wrapped_secret), date, region, service});
}

Result<CertificateAuthority> KeydClient::create_certificate_authority(const std::string& common_name) {
  COFFER_TRY(parts, channel_->call_for_pair(Operation::kCreateCertificateAuthority,
                                            protocol::CreateCertificateAuthority{common_name}));
  return CertificateAuthority{std::move(parts.first), public_bytes(parts.second)};
}

Result<Bytes> KeydClient::issue_certificate(const CertificateAuthority& authority,
                                            ByteView subject_public_key_der,
                                            const std::vector<std::string>& names, uint32_t days,
                                            CertificatePurpose purpose) {
  return channel_->call_for_bytes(
      Operation::kIssueCertificate,
      protocol::IssueCertificate{authority.wrapped_private_key, authority.certificate_der,
                                 to_bytes(subject_public_key_der), names, days, purpose});
}

Result<BlobIdentity> identify_blob(ByteView blob) {
  if (!blob.empty() && blob.front() == format::kExternalBlobVersion) {
    COFFER_TRY(external, format::parse_external_blob(blob));
    return BlobIdentity{format::key_id_text(external.header.key_id), external.header.backing_key_version};
  }
  COFFER_TRY(claim, format::claim_of_blob(blob));
  return BlobIdentity{format::key_id_text(claim.key_id), claim.backing_key_version};
}

}  // namespace coffer::keyclient
