// SPDX-License-Identifier: Apache-2.0
#include "keys/dispatch.h"

#include <algorithm>

#include "base/packet_channel.h"
#include "format/keyd_hsm_protocol.h"
#include "format/keyd_mfa_protocol.h"
#include "format/keyd_protocol.h"
#include "format/keyd_seal_protocol.h"

namespace coffer::keys {
namespace {

using format::keyd::Operation;
using secret::RawAccess;
using secret::SecretBytes;
namespace protocol = format::keyd;

template <class Body, class Function>
Result<ReplyBody> call(ByteView bytes, Function function) {
  COFFER_TRY(body, protocol::parse_body<Body>(bytes));
  return function(body);
}

// Keys in PKCS#11 tokens.
Result<ReplyBody> serve_hsm(Operations& operations, Operation operation, ByteView body) {
  switch (operation) {
    case Operation::kDescribeHsmCluster:
      return call<protocol::DescribeHsmCluster>(
          body, [&](auto& in) { return operations.describe_hsm_cluster(in); });
    case Operation::kConnectHsm:
      return call<protocol::ConnectHsm>(body, [&](auto& in) { return operations.connect_hsm(in); });
    case Operation::kCreateHsmKey:
      return call<protocol::CreateHsmKey>(body, [&](auto& in) { return operations.create_hsm_key(in); });
    case Operation::kDestroyHsmKey:
      return call<protocol::DestroyHsmKey>(body, [&](auto& in) { return operations.destroy_hsm_key(in); });
    case Operation::kGenerateHsmRandom:
      return call<protocol::GenerateHsmRandom>(body,
                                               [&](auto& in) { return operations.generate_hsm_random(in); });
    default:
      return fail(ErrorKind::kPermissionDenied, "this channel does not offer that operation");
  }
}

// MFA devices.
Result<ReplyBody> serve_mfa(Operations& operations, Operation operation, ByteView body) {
  switch (operation) {
    case Operation::kCreateMfaSeed:
      return call<protocol::CreateMfaSeed>(body, [&](auto& in) { return operations.create_mfa_seed(in); });
    case Operation::kVerifyMfaCodes:
      return call<protocol::VerifyMfaCodes>(body, [&](auto& in) { return operations.verify_mfa_codes(in); });
    default:
      return serve_hsm(operations, operation, body);
  }
}

// Custom key stores.
Result<ReplyBody> serve_key_stores(Operations& operations, Operation operation, ByteView body) {
  switch (operation) {
    case Operation::kWrapKeyStoreSecret:
      return call<protocol::WrapKeyStoreSecret>(
          body, [&](auto& in) { return operations.wrap_key_store_secret(in); });
    case Operation::kDeriveProxySigningKey:
      return call<protocol::DeriveProxySigningKey>(
          body, [&](auto& in) { return operations.derive_proxy_signing_key(in); });
    default:
      return serve_mfa(operations, operation, body);
  }
}

// Replicas, destruction, rotation.
Result<ReplyBody> serve_key_life(Operations& operations, Operation operation, ByteView body) {
  switch (operation) {
    case Operation::kReplicateBackingKey:
      return call<protocol::ReplicateBackingKey>(
          body, [&](auto& in) { return operations.replicate_backing_key(in); });
    case Operation::kForgetKey:
      return call<protocol::ForgetKey>(body, [&](auto& in) { return operations.forget_key(in); });
    case Operation::kRewrapVolumeKey:
      return call<protocol::RewrapVolumeKey>(body,
                                             [&](auto& in) { return operations.rewrap_volume_key(in); });
    default:
      return serve_key_stores(operations, operation, body);
  }
}

// Key pairs, MACs, imports.
Result<ReplyBody> serve_key_pairs(Operations& operations, Operation operation, ByteView body) {
  switch (operation) {
    case Operation::kCreateKeyMaterial:
      return call<protocol::CreateKeyMaterial>(body,
                                               [&](auto& in) { return operations.create_key_material(in); });
    case Operation::kSign:
      return call<protocol::Sign>(body, [&](auto& in) { return operations.sign(in); });
    case Operation::kVerify:
      return call<protocol::Verify>(body, [&](auto& in) { return operations.verify(in); });
    case Operation::kGenerateMac:
      return call<protocol::GenerateMac>(body, [&](auto& in) { return operations.generate_mac(in); });
    case Operation::kVerifyMac:
      return call<protocol::VerifyMac>(body, [&](auto& in) { return operations.verify_mac(in); });
    case Operation::kEncryptAsymmetric:
      return call<protocol::EncryptAsymmetric>(body,
                                               [&](auto& in) { return operations.encrypt_asymmetric(in); });
    case Operation::kDecryptAsymmetric:
      return call<protocol::DecryptAsymmetric>(body,
                                               [&](auto& in) { return operations.decrypt_asymmetric(in); });
    case Operation::kDeriveSharedSecret:
      return call<protocol::DeriveSharedSecret>(
          body, [&](auto& in) { return operations.derive_shared_secret(in); });
    case Operation::kGenerateDataKeyPair:
      return call<protocol::GenerateDataKeyPair>(
          body, [&](auto& in) { return operations.generate_data_key_pair(in); });
    case Operation::kGenerateDataKeyPairWithoutPlaintext:
      return call<protocol::GenerateDataKeyPair>(
          body, [&](auto& in) { return operations.generate_data_key_pair_without_plaintext(in); });
    case Operation::kCreateImportParameters:
      return call<protocol::CreateImportParameters>(
          body, [&](auto& in) { return operations.create_import_parameters(in); });
    case Operation::kImportKeyMaterial:
      return call<protocol::ImportKeyMaterial>(body,
                                               [&](auto& in) { return operations.import_key_material(in); });
    default:
      return serve_key_life(operations, operation, body);
  }
}

// Domain keys and seals.
Result<ReplyBody> serve_seals(Operations& operations, Operation operation, ByteView body) {
  switch (operation) {
    case Operation::kSealStatus:
      return operations.seal_status();
    case Operation::kAddDomainKey:
      return call<protocol::DomainKeyVersion>(body, [&](auto& in) { return operations.add_domain_key(in); });
    case Operation::kRewrapTokens:
      return call<protocol::RewrapTokens>(body, [&](auto& in) { return operations.rewrap_tokens(in); });
    case Operation::kRewrapSecrets:
      return call<protocol::RewrapSecrets>(body, [&](auto& in) { return operations.rewrap_secrets(in); });
    case Operation::kRetireDomainKeys:
      return call<protocol::DomainKeyVersion>(body,
                                              [&](auto& in) { return operations.retire_domain_keys(in); });
    case Operation::kChangeSeal:
      return call<protocol::SealRequest>(body, [&](auto& in) { return operations.change_seal(in); });
    case Operation::kExportDomainKeys:
      return call<protocol::SealRequest>(body, [&](auto& in) { return operations.export_domain_keys(in); });
    default:
      return fail(ErrorKind::kPermissionDenied, "this channel does not offer that operation");
  }
}

Result<ReplyBody> serve_api(Operations& operations, Operation operation, ByteView body) {
  switch (operation) {
    case Operation::kStatus:
      return operations.status();
    case Operation::kCreateBackingKey:
      return call<protocol::CreateBackingKey>(body,
                                              [&](auto& in) { return operations.create_backing_key(in); });
    case Operation::kEncrypt:
      return call<protocol::Encrypt>(body, [&](auto& in) { return operations.encrypt(in); });
    case Operation::kDecrypt:
      return call<protocol::Decrypt>(body, [&](auto& in) { return operations.decrypt(in); });
    case Operation::kGenerateDataKey:
      return call<protocol::GenerateDataKey>(body,
                                             [&](auto& in) { return operations.generate_data_key(in); });
    case Operation::kGenerateDataKeyWithoutPlaintext:
      return call<protocol::GenerateDataKeyWithoutPlaintext>(
          body, [&](auto& in) { return operations.generate_data_key_without_plaintext(in); });
    case Operation::kGenerateRandom:
      return call<protocol::GenerateRandom>(body, [&](auto& in) { return operations.generate_random(in); });
    case Operation::kBoxVolumeKeys:
      return call<protocol::BoxVolumeKeys>(body, [&](auto& in) { return operations.box_volume_keys(in); });
    case Operation::kCreateAccessKeySecret:
      return call<protocol::CreateAccessKeySecret>(
          body, [&](auto& in) { return operations.create_access_key_secret(in); });
    case Operation::kDeriveSigningKey:
      return call<protocol::DeriveSigningKey>(body,
                                              [&](auto& in) { return operations.derive_signing_key(in); });
    case Operation::kCreateCertificateAuthority:
      return call<protocol::CreateCertificateAuthority>(
          body, [&](auto& in) { return operations.create_certificate_authority(in); });
    case Operation::kIssueCertificate:
      return call<protocol::IssueCertificate>(body,
                                              [&](auto& in) { return operations.issue_certificate(in); });
    case Operation::kEnrolRecipient:
      break;
    case Operation::kSealStatus:
    case Operation::kAddDomainKey:
    case Operation::kRewrapTokens:
    case Operation::kRewrapSecrets:
    case Operation::kRetireDomainKeys:
    case Operation::kChangeSeal:
    case Operation::kExportDomainKeys:
      return serve_seals(operations, operation, body);
    default:
      return serve_key_pairs(operations, operation, body);
  }
  return fail(ErrorKind::kPermissionDenied, "this channel does not offer that operation");
}

Result<ReplyBody> serve(Operations& operations, const ChannelRole& role, const protocol::Request& request) {
  if (role.kind == ChannelRole::Kind::kApi) return serve_api(operations, request.operation, request.body);
  if (request.operation == Operation::kEnrolRecipient)
    return call<protocol::EnrolRecipient>(
        request.body, [&](auto& in) { return operations.enrol_recipient(role.host_id, in); });
  return fail(ErrorKind::kPermissionDenied, "this channel does not offer that operation");
}

// Put together in the arena, so that no secret passes through ordinary memory.
SecretBytes join(ByteView header, const ReplyBody& body) {
  SecretBytes packet(header.size() + body.open.size() + body.secret.size());
  format::FixedWriter(packet.write(RawAccess::because("a reply is put together")))
      .raw(header)
      .raw(body.open)
      .raw(body.secret.read(RawAccess::because("a reply is put together")));
  return packet;
}

}  // namespace

std::optional<ChannelRole> ChannelRole::of_peer(std::string_view process, const std::string& host_id) {
  if (process == "apid") return ChannelRole{Kind::kApi, host_id};
  if (process == "volumed") return ChannelRole{Kind::kRecipient, host_id};
  return std::nullopt;
}

Result<SecretBytes> answer(Operations& operations, const ChannelRole& role, ByteView packet) {
  COFFER_TRY(request, protocol::parse_request(packet));
  auto body = serve(operations, role, request);
  if (!body) return SecretBytes::copy_of(protocol::encode_failure(request.id, body.error()));
  format::Writer header;
  protocol::begin_reply(header, request.id);
  SecretBytes reply = join(header.bytes(), *body);
  if (reply.size() > PacketChannel::kLargestPacket)
    return SecretBytes::copy_of(protocol::encode_failure(
        request.id, Error{ErrorKind::kLimitExceeded, "the reply does not fit a packet"}));
  return reply;
}

}  // namespace coffer::keys
