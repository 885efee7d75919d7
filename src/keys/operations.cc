// SPDX-License-Identifier: Apache-2.0
#include "keys/operations.h"

#include "crypto/certificate.h"
#include "crypto/random.h"
#include "crypto/sealed_box.h"
#include "format/ciphertext_blob.h"
#include "keys/data_encryption.h"
#include "keys/installation_secrets.h"
#include "keys/signing_date.h"
#include "secret/arena.h"

namespace coffer::keys {
namespace {

using format::BlobClass;
using format::SecretKind;
using secret::RawAccess;
using secret::SecretBytes;
namespace protocol = format::keyd;

constexpr size_t kCachedBackingKeys = 4096;

Bytes as_field(ByteView bytes) {
  return format::Writer().field(bytes).take();
}

// XTS with equal halves is no XTS (SP 800-38E's implementation guidance, IEEE 1619 section 5.1).
bool halves_differ(const SecretBytes& key) {
  const size_t half = key.size() / 2;
  return !key.slice(0, half).equals(key.slice(half, half));
}

SecretBytes make_volume_key() {
  SecretBytes key = crypto::random_secret(format::kVolumeKeySize);
  while (!halves_differ(key)) key = crypto::random_secret(format::kVolumeKeySize);
  return key;
}

Status check_size(uint32_t size, uint32_t largest) {
  if (size >= 1 && size <= largest) return {};
  return fail(ErrorKind::kInvalidArgument, fmt::format("a size from 1 to {} bytes is needed", largest));
}

// The certificate itself names the key: another certificate does not get it.
std::string authority_name(ByteView certificate_der) {
  const auto digest = crypto::sha256(certificate_der);
  std::string name;
  for (const uint8_t byte : digest) name += fmt::format("{:02x}", byte);
  return name;
}

}  // namespace

Operations::Operations(DomainKeyVault& vault, SealControl* seal_control, const Clock& clock,
                       HsmStores* hsm_stores)
    : vault_(vault),
      seal_control_(seal_control),
      clock_(clock),
      hsm_stores_(hsm_stores),
      cache_(vault.keys(), kCachedBackingKeys) {}

Operations::Operations(DomainKeys domain_keys, std::string seal_description, const Clock& clock,
                       HsmStores* hsm_stores)
    : own_vault_(std::make_unique<DomainKeyVault>(
          std::move(domain_keys),
          std::make_unique<seals::Seal>(format::SealKind::kKeyFile, format::UuidBytes{}, Bytes{},
                                        crypto::random_secret(format::kSealKeySize),
                                        std::move(seal_description)),
          nullptr)),
      vault_(*own_vault_),
      clock_(clock),
      hsm_stores_(hsm_stores),
      cache_(vault_.keys(), kCachedBackingKeys) {}

Result<ReplyBody> Operations::status() const {
  const auto seal = vault_.status();
  format::Writer writer;
  protocol::StatusReply{seal.description, std::string(to_string(secret::arena_kind())), seal.newest_version,
                        !recipients_.empty()}
      .write(writer);
  return ReplyBody{writer.take(), {}};
}

Result<ReplyBody> Operations::create_backing_key(const protocol::CreateBackingKey& request) const {
  COFFER_TRY(token, keys::create_backing_key(*vault_.keys().get(), request.binding, request.version));
  return ReplyBody{std::move(token), {}};
}

Result<SymmetricKey> Operations::symmetric_key(const format::WrappedBackingKey& key) {
  COFFER_TRY(found, cache_.get(key));
  if (found->spec != format::KeySpec::kSymmetricDefault)
    return fail(ErrorKind::kInvalidArgument, "the key is of another kind than the operation needs");
  return SymmetricKey(std::move(found), blob_key(key), hsm_stores_);
}

Result<ReplyBody> Operations::encrypt(const protocol::Encrypt& request) {
  COFFER_CHECK(check_size(static_cast<uint32_t>(request.plaintext.size()), protocol::kLargestPlaintext));
  COFFER_TRY(key, symmetric_key(request.key));
  const SecretBytes plaintext = SecretBytes::copy_of(request.plaintext);
  COFFER_TRY(blob, key.seal(BlobClass::kCustomer, request.context, plaintext));
  return ReplyBody{std::move(blob), {}};
}

Result<ReplyBody> Operations::decrypt(const protocol::Decrypt& request) {
  COFFER_TRY(key, symmetric_key(request.key));
  COFFER_TRY(plaintext, key.open(BlobClass::kCustomer, request.context, request.blob));
  return ReplyBody{{}, std::move(plaintext)};
}

Result<ReplyBody> Operations::generate_data_key(const protocol::GenerateDataKey& request) {
  COFFER_CHECK(check_size(request.size, protocol::kLargestDataKey));
  COFFER_TRY(key, symmetric_key(request.key));
  SecretBytes data_key = crypto::random_secret(request.size);
  COFFER_TRY(blob, key.seal(BlobClass::kCustomer, request.context, data_key));
  return ReplyBody{as_field(blob), std::move(data_key)};
}

Result<ReplyBody> Operations::generate_data_key_without_plaintext(
    const protocol::GenerateDataKeyWithoutPlaintext& request) {
  const auto& [token, context, size] = request.request;
  const bool for_volume = request.blob_class == BlobClass::kVolume;
  COFFER_CHECK(check_size(size, protocol::kLargestDataKey));
  if (for_volume && size != format::kVolumeKeySize)
    return fail(ErrorKind::kInvalidArgument, "a volume's data key has 64 bytes");
  COFFER_TRY(key, symmetric_key(token));
  const SecretBytes data_key = for_volume ? make_volume_key() : crypto::random_secret(size);
  COFFER_TRY(blob, key.seal(request.blob_class, context, data_key));
  return ReplyBody{std::move(blob), {}};
}

Result<ReplyBody> Operations::generate_random(const protocol::GenerateRandom& request) const {
  COFFER_CHECK(check_size(request.size, protocol::kLargestDataKey));
  return ReplyBody{{}, crypto::random_secret(request.size)};
}

Result<SecretBytes> Operations::open_volume_key(const format::VolumeKeyRequest& layer) {
  COFFER_TRY(key, symmetric_key(layer.key));
  COFFER_TRY(data_key, key.open(BlobClass::kVolume, layer.context, layer.blob));
  if (data_key.size() != format::kVolumeKeySize || !halves_differ(data_key))
    return tl::unexpected(format::refused_ciphertext());
  return data_key;
}

Result<ReplyBody> Operations::box_volume_keys(const protocol::BoxVolumeKeys& request) {
  if (request.layers.empty() || request.binding.nonce.size() != format::kBoxNonceSize)
    return fail(ErrorKind::kInvalidArgument, "a box needs at least one layer and a nonce of 16 bytes");
  const auto public_key = recipients_.find(request.binding.host_id);
  if (!public_key)
    return fail(ErrorKind::kUnavailable,
                "the volume daemon of host " + request.binding.host_id + " has not enrolled");
  std::vector<SecretBytes> keys;
  std::vector<format::BoxedKeyView> views;
  for (const format::VolumeKeyRequest& layer : request.layers) {
    COFFER_TRY(key, open_volume_key(layer));
    keys.push_back(std::move(key));
    views.push_back({layer.layer_id, keys.back().read(RawAccess::because("volume keys are put into a box"))});
  }
  SecretBytes contents(format::boxed_keys_size(views));
  format::encode_boxed_keys(views, contents.write(RawAccess::because("volume keys are put into a box")));
  COFFER_TRY(box, crypto::seal_box(*public_key, format::frame(request.binding), contents));
  return ReplyBody{std::move(box), {}};
}

Result<ReplyBody> Operations::create_access_key_secret(const protocol::CreateAccessKeySecret& request) const {
  SecretBytes plaintext = make_access_key_secret();
  COFFER_TRY(wrapped, wrap_secret(*vault_.keys().get(), SecretKind::kAccessKeySecret, request.access_key_id,
                                  plaintext));
  return ReplyBody{as_field(wrapped), std::move(plaintext)};
}

Result<ReplyBody> Operations::derive_signing_key(const protocol::DeriveSigningKey& request) const {
  COFFER_CHECK(check_signing_date(request.date, clock_.now()));
  COFFER_TRY(plaintext, open_secret(*vault_.keys().get(), SecretKind::kAccessKeySecret, request.access_key_id,
                                    request.wrapped_secret));
  return ReplyBody{{}, keys::derive_signing_key(plaintext, request.date, request.region, request.service)};
}

Result<ReplyBody> Operations::create_certificate_authority(
    const protocol::CreateCertificateAuthority& request) const {
  COFFER_TRY(pair, crypto::make_p256_key_pair());
  COFFER_TRY(certificate,
             crypto::make_ca_certificate(pair.private_key_der, request.common_name, clock_.now()));
  COFFER_TRY(wrapped, wrap_secret(*vault_.keys().get(), SecretKind::kCertificateAuthorityKey,
                                  authority_name(certificate), pair.private_key_der));
  return ReplyBody{format::Writer().field(wrapped).raw(certificate).take(), {}};
}

Result<ReplyBody> Operations::issue_certificate(const protocol::IssueCertificate& request) const {
  constexpr uint32_t kLongestValidity = 825;  // what clients accept of a private authority
  if (request.names.empty() || request.days == 0 || request.days > kLongestValidity)
    return fail(ErrorKind::kInvalidArgument, "a certificate needs a name and 1 to 825 days");
  COFFER_TRY(private_key, open_secret(*vault_.keys().get(), SecretKind::kCertificateAuthorityKey,
                                      authority_name(request.certificate_der), request.wrapped_private_key));
  const bool for_client = request.purpose == format::CertificatePurpose::kNbdClient;
  for (const std::string& name : request.names)
    if (for_client && !name.starts_with(format::kNbdPrefix))
      return fail(ErrorKind::kInvalidArgument,
                  "a client's certificate names volumes, " + std::string(format::kNbdPrefix) + "… each");
  const auto issue = for_client ? crypto::issue_client_certificate : crypto::issue_server_certificate;
  COFFER_TRY(certificate, issue(private_key, request.certificate_der, request.subject_public_key_der,
                                request.names, clock_.now(), static_cast<int>(request.days)));
  return ReplyBody{std::move(certificate), {}};
}

Result<ReplyBody> Operations::enrol_recipient(const std::string& host_id,
                                              const protocol::EnrolRecipient& request) {
  COFFER_CHECK(recipients_.enrol(host_id, request.public_key));
  return ReplyBody{};
}

}  // namespace coffer::keys
