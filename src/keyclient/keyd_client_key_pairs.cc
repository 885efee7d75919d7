// SPDX-License-Identifier: Apache-2.0
// Key material of every kind, key pairs, MACs, imports.
#include "format/codec.h"
#include "keyclient/keyd_channel.h"

namespace coffer::keyclient {
namespace {

using format::keyd::Operation;
using secret::SecretBytes;
namespace protocol = format::keyd;

// RSA keys take seconds, and keyd makes two at a time. Each call that waits for one holds a thread that other
// calls need; a client that is told to come again later has its SDK do so.
class RsaTurn {
 public:
  static constexpr size_t kMost = 16;
  RsaTurn(std::atomic<size_t>& calls, bool needed) : calls_(needed ? &calls : nullptr) {
    if (calls_ != nullptr) place_ = ++*calls_;
  }
  ~RsaTurn() {
    if (calls_ != nullptr) --*calls_;
  }
  RsaTurn(const RsaTurn&) = delete;
  RsaTurn& operator=(const RsaTurn&) = delete;
  Status granted() const {
    if (place_ <= kMost) return {};
    return fail(ErrorKind::kLimitExceeded,
                "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
                "ThrottlingException");
  }

 private:
  std::atomic<size_t>* const calls_;
  size_t place_ = 0;
};

std::chrono::steady_clock::duration patience_for(format::KeySpec spec) {
  if (format::is_rsa(spec)) return kPatienceForAKeyPair;
  return kPatienceForAReply;
}

Result<bool> truth(const Result<Bytes>& reply) {
  if (!reply) return tl::unexpected(reply.error());
  if (reply->size() != 1) return fail(ErrorKind::kInternal, "keyd's answer is malformed");
  return reply->front() == 1;
}

}  // namespace

Result<NewKeyMaterial> KeydClient::create_key_material(const format::KeyBinding& binding, uint32_t version,
                                                       format::KeySpec spec) {
  const RsaTurn turn(channel_->making_rsa_keys, format::is_rsa(spec));
  COFFER_CHECK(turn.granted());
  COFFER_TRY(reply, channel_->call_for_bytes(Operation::kCreateKeyMaterial,
                                             protocol::CreateKeyMaterial{binding, version, spec},
                                             patience_for(spec)));
  return protocol::parse_body<protocol::KeyMaterialReply>(reply);
}

Result<Bytes> KeydClient::sign(const WrappedBackingKey& key, format::SigningAlgorithm algorithm,
                               format::MessageType type, ByteView message) {
  return channel_->call_for_bytes(Operation::kSign, protocol::Sign{key, algorithm, type, message});
}

Result<bool> KeydClient::verify(const WrappedBackingKey& key, format::SigningAlgorithm algorithm,
                                format::MessageType type, ByteView message, ByteView signature) {
  return truth(channel_->call_for_bytes(Operation::kVerify,
                                        protocol::Verify{{key, algorithm, type, message}, signature}));
}

Result<Bytes> KeydClient::generate_mac(const WrappedBackingKey& key, ByteView message) {
  return channel_->call_for_bytes(Operation::kGenerateMac, protocol::GenerateMac{key, message});
}

Result<bool> KeydClient::verify_mac(const WrappedBackingKey& key, ByteView message, ByteView mac) {
  return truth(channel_->call_for_bytes(Operation::kVerifyMac, protocol::VerifyMac{{key, message}, mac}));
}

Result<Bytes> KeydClient::encrypt_asymmetric(const WrappedBackingKey& key,
                                             format::EncryptionAlgorithm algorithm, ByteView plaintext) {
  return channel_->call_for_bytes(Operation::kEncryptAsymmetric,
                                  protocol::EncryptAsymmetric{key, algorithm, plaintext});
}

Result<SecretBytes> KeydClient::decrypt_asymmetric(const WrappedBackingKey& key,
                                                   format::EncryptionAlgorithm algorithm,
                                                   ByteView ciphertext) {
  return channel_->call(Operation::kDecryptAsymmetric,
                        protocol::DecryptAsymmetric{key, algorithm, ciphertext});
}

Result<SecretBytes> KeydClient::derive_shared_secret(const WrappedBackingKey& key, ByteView peer_public_key) {
  return channel_->call(Operation::kDeriveSharedSecret, protocol::DeriveSharedSecret{key, peer_public_key});
}

Result<DataKeyPair> KeydClient::generate_data_key_pair(const WrappedBackingKey& key, format::KeySpec spec,
                                                       const format::EncryptionContext& context,
                                                       bool with_plaintext) {
  const RsaTurn turn(channel_->making_rsa_keys, format::is_rsa(spec));
  COFFER_CHECK(turn.granted());
  const auto operation =
      with_plaintext ? Operation::kGenerateDataKeyPair : Operation::kGenerateDataKeyPairWithoutPlaintext;
  COFFER_TRY(reply, channel_->call(operation, protocol::GenerateDataKeyPair{key, context, spec},
                                   patience_for(spec)));
  format::Reader reader(reply.read(secret::RawAccess::because("the reply is taken apart")));
  auto parts = protocol::DataKeyPairReply::read(reader);
  if (!reader.ok()) return fail(ErrorKind::kInternal, "keyd's answer is malformed");
  return DataKeyPair{std::move(parts.private_key_blob), std::move(parts.public_key_der),
                     SecretBytes::copy_of(reader.raw(reader.left()))};
}

Result<ImportParameters> KeydClient::create_import_parameters(const format::KeyBinding& binding,
                                                              format::KeySpec wrapping_spec,
                                                              format::WrappingAlgorithm algorithm) {
  const RsaTurn turn(channel_->making_rsa_keys, true);
  COFFER_CHECK(turn.granted());
  COFFER_TRY(reply,
             channel_->call_for_bytes(Operation::kCreateImportParameters,
                                      protocol::CreateImportParameters{binding, wrapping_spec, algorithm},
                                      kPatienceForAKeyPair));
  return protocol::parse_body<protocol::ImportParametersReply>(reply);
}

Result<ImportResult> KeydClient::import_key_material(const format::KeyBinding& binding, uint32_t version,
                                                     format::KeySpec spec, ByteView import_token,
                                                     ByteView wrapped_material,
                                                     ByteView expected_material_id) {
  const RsaTurn turn(channel_->making_rsa_keys, true);
  COFFER_CHECK(turn.granted());
  COFFER_TRY(reply,
             channel_->call_for_bytes(Operation::kImportKeyMaterial,
                                      protocol::ImportKeyMaterial{binding, version, spec, import_token,
                                                                  wrapped_material, expected_material_id},
                                      kPatienceForAKeyPair));
  return protocol::parse_body<protocol::ImportReply>(reply);
}

}  // namespace coffer::keyclient
