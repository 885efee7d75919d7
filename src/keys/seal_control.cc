// SPDX-License-Identifier: Apache-2.0
#include "keys/seal_control.h"

#include <fmt/format.h>

#include "crypto/mac.h"
#include "crypto/random.h"
#include "seals/seal_request.h"

namespace coffer::keys {
namespace {

using format::kSealAuthorityTokenSize;
using secret::RawAccess;
using secret::SecretBytes;

// Not aside and renamed: what is cut off here is written again at the next start, before anybody reads it.
Status write_authority(Disk& disk, const std::string& path, ByteView contents) {
  COFFER_TRY(file, disk.open(path, {.create = true}));
  COFFER_CHECK(file->truncate(0));
  return file->write(0, contents);
}

}  // namespace

SealControl::SealControl(DomainKeyVault& vault, crypto::RecipientKeyPair recipient, SecretBytes token,
                         MakeSeal make_seal, Remember remember)
    : vault_(vault),
      recipient_(std::move(recipient)),
      token_(std::move(token)),
      make_seal_(std::move(make_seal)),
      remember_(std::move(remember)) {}

Result<std::unique_ptr<SealControl>> SealControl::create(Disk& disk, const std::string& folder,
                                                         DomainKeyVault& vault, MakeSeal make_seal,
                                                         Remember remember) {
  COFFER_TRY(recipient, crypto::make_recipient_key_pair());
  SecretBytes token = crypto::random_secret(kSealAuthorityTokenSize);
  SecretBytes contents(format::kSealAuthoritySize);
  format::encode_seal_authority(
      {recipient.public_key, token.read(RawAccess::because("the token is left for who may read DIR/keyd"))},
      contents.write(RawAccess::because("the token is left for who may read DIR/keyd")));
  COFFER_CHECK(
      write_authority(disk, folder + "/" + std::string(seals::kSealAuthorityName),
                      contents.read(RawAccess::because("the token is left for who may read DIR/keyd"))));
  return std::unique_ptr<SealControl>(new SealControl(vault, std::move(recipient), std::move(token),
                                                      std::move(make_seal), std::move(remember)));
}

Result<SecretBytes> SealControl::open_request(std::string_view binding,
                                              const format::keyd::SealRequest& request) const {
  const auto refused = [] {
    return fail(ErrorKind::kPermissionDenied,
                "the request was not made for this keyd by somebody who may open DIR/keyd");
  };
  auto opened = crypto::open_box(
      recipient_, as_bytes(seals::binding_of(binding, request.kind, request.sequence)), request.box);
  if (!opened || opened->size() < kSealAuthorityTokenSize) return refused();
  if (!opened->slice(0, kSealAuthorityTokenSize).equals(token_)) return refused();
  if (request.sequence != vault_.status().sequence)
    return fail(ErrorKind::kConflict, "the sealed domain keys have changed meanwhile; try again");
  return opened->slice(kSealAuthorityTokenSize, opened->size() - kSealAuthorityTokenSize);
}

Status SealControl::change(const format::keyd::SealRequest& request) {
  COFFER_TRY(contents, open_request(format::kChangeSealBinding, request));
  COFFER_TRY(material, format::parse_seal_material(
                           contents.read(RawAccess::because("the new seal's secret is taken out"))));
  if (material.kind != request.kind) return fail(ErrorKind::kInvalidArgument, "the seal is of another kind");
  COFFER_TRY(made, make_seal_(material, vault_.installation_id(), request.sequence + 1));
  if (!made.to_remember.empty()) COFFER_CHECK(remember_(made.to_remember));
  return vault_.change_seal(std::move(made.seal), request.sequence);
}

Result<Bytes> SealControl::export_domain_keys(const format::keyd::SealRequest& request) {
  COFFER_TRY(contents, open_request(format::kExportBinding, request));
  COFFER_TRY(material, format::parse_seal_material(
                           contents.read(RawAccess::because("the backup's seal is taken out"))));
  const bool software =
      material.kind == format::SealKind::kKeyFile || material.kind == format::SealKind::kPassphrase;
  if (material.kind != request.kind || !software || material.secret.size() != format::kSealKeySize)
    return fail(ErrorKind::kInvalidArgument, "a backup is sealed by a passphrase or a key file");
  const seals::Seal seal(material.kind, vault_.installation_id(), to_bytes(material.parameters),
                         SecretBytes::copy_of(material.secret), "the backup's seal");
  return vault_.sealed_under(seal);
}

}  // namespace coffer::keys
