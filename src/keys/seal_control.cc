// SPDX-License-Identifier: Apache-2.0
#include "keys/seal_control.h"

#include <fmt/format.h>

#include "base/log.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "seals/seal_request.h"

namespace coffer::keys {
namespace {

using format::kSealAuthorityTokenSize;
using secret::RawAccess;
using secret::SecretBytes;

constexpr size_t kMostUnsettled = 8;

// Not aside and renamed: what is cut off here is written again at the next start, before anybody reads it.
Status write_authority(Disk& disk, const std::string& path, ByteView contents) {
  COFFER_TRY(file, disk.open(path, {.create = true}));
  COFFER_CHECK(file->truncate(0));
  return file->write(0, contents);
}

}  // namespace

SealControl::SealControl(DomainKeyVault& vault, crypto::RecipientKeyPair recipient, SecretBytes token,
                         MakeSeal make_seal, SealMemory memory, SecretBytes in_force)
    : vault_(vault),
      recipient_(std::move(recipient)),
      token_(std::move(token)),
      make_seal_(std::move(make_seal)),
      memory_(std::move(memory)),
      in_force_(std::move(in_force)) {}

Result<std::unique_ptr<SealControl>> SealControl::create(Disk& disk, const std::string& folder,
                                                         DomainKeyVault& vault, MakeSeal make_seal,
                                                         SealMemory memory, SecretBytes in_force) {
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
                                                      std::move(make_seal), std::move(memory),
                                                      std::move(in_force)));
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
  const std::lock_guard lock(changing_);
  COFFER_TRY(contents, open_request(format::kChangeSealBinding, request));
  COFFER_TRY(material, format::parse_seal_material(
                           contents.read(RawAccess::because("the new seal's secret is taken out"))));
  if (material.kind != request.kind) return fail(ErrorKind::kInvalidArgument, "the seal is of another kind");
  if (unsettled_ >= kMostUnsettled)
    return fail(ErrorKind::kLimitExceeded,
                "too many changes of the seal have failed half way: mend the disk and start Coffer again");
  COFFER_TRY(made, make_seal_(material, vault_.installation_id(), request.sequence + 1));
  if (!made.to_remember.empty()) COFFER_CHECK(memory_.add(made.to_remember));
  const Status changed = vault_.change_seal(std::move(made.seal), request.sequence);
  if (changed) in_force_ = std::move(made.to_remember);
  settle();
  return changed;
}

// Not known which of several it is: then all of them are needed at the next start.
void SealControl::settle() {
  if (!vault_.seal_known()) {
    ++unsettled_;
    return;
  }
  unsettled_ = 0;
  if (const Status kept = memory_.keep_only(in_force_); !kept)
    log_warning("the supervisor does not hear what opens the seal: {}", kept.error().message);
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
