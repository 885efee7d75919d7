// SPDX-License-Identifier: Apache-2.0
#include "keys/domain_key_store.h"

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "format/codec.h"

namespace coffer::keys {
namespace {

using seals::Seal;
using secret::RawAccess;
using secret::SecretBytes;

Result<DomainKeys> open_copy(const format::SealedDomainKeys& copy, const Seal& seal) {
  if (copy.header.seal_kind != seal.kind() || copy.header.installation_id != seal.installation_id())
    return fail(ErrorKind::kRefusedCiphertext,
                "the domain keys belong to another installation than the seal (" + seal.description() + ")");
  auto contents = seal.open(copy.sealed, copy.header_bytes);
  if (!contents)
    return fail(contents.error().kind, "the seal (" + seal.description() + ") does not open the domain keys");
  COFFER_TRY(views,
             format::parse_domain_keys(contents->read(RawAccess::because("the domain keys are taken out"))));
  DomainKeys keys;
  for (const auto& view : views) keys.add(view.version, SecretBytes::copy_of(view.key));
  return keys;
}

}  // namespace

Result<Bytes> seal_domain_keys(const DomainKeys& keys, const Seal& seal, uint64_t sequence) {
  std::vector<format::DomainKeyView> views;
  for (const auto& [version, key] : keys.versions())
    views.push_back({version, key.read(RawAccess::because("the domain keys are sealed"))});
  SecretBytes contents(format::domain_keys_size(views.size()));
  format::encode_domain_keys(views, contents.write(RawAccess::because("the domain keys are sealed")));
  const Bytes header = format::encode(
      format::SealedDomainKeysHeader{seal.kind(), seal.installation_id(), sequence, seal.parameters()});
  COFFER_TRY(sealed, seal.seal(contents, header));
  const Bytes unchecked = format::encode_unchecked(header, sealed);
  return format::Writer().raw(unchecked).raw(crypto::sha256(unchecked)).take();
}

Result<format::SealedDomainKeysHeader> DomainKeyStore::header() const {
  COFFER_TRY(copies, files_.read());
  return std::move(copies.parsed.header);
}

Result<DomainKeys> DomainKeyStore::initialise(const Seal& seal) {
  COFFER_TRY(present, initialised());
  if (present) return fail(ErrorKind::kConflict, "there are domain keys in " + files_.folder() + " already");
  const std::string& folder = files_.folder();
  COFFER_CHECK(disk_.make_directory(folder));
  COFFER_CHECK(disk_.flush_directory(folder.substr(0, std::max<size_t>(1, folder.rfind('/')))));
  DomainKeys keys;
  keys.add(1, crypto::random_secret(format::kDomainKeySize));
  sequence_ = 0;
  COFFER_CHECK(replace(keys, seal));
  return keys;
}

Status DomainKeyStore::replace(const DomainKeys& keys, const Seal& seal) {
  COFFER_TRY(bytes, seal_domain_keys(keys, seal, ++sequence_));
  COFFER_CHECK(files_.replace(bytes));
  return seal.anchor() == nullptr ? Status() : seal.anchor()->advance_to(sequence_);
}

bool DomainKeyStore::both_current() const {
  const auto copies = files_.read();
  return copies && copies->twins && copies->parsed.header.sequence == sequence_;
}

Result<DomainKeys> DomainKeyStore::load(const Seal& seal) {
  auto copies = files_.read();
  if (!copies)
    return fail(copies.error().kind,
                copies.error().kind == ErrorKind::kCorrupt
                    ? copies.error().message + " (they are sealed with " + seal.description() + ")"
                    : copies.error().message);
  COFFER_TRY(keys, open_copy(copies->parsed, seal));
  sequence_ = copies->parsed.header.sequence;
  if (seal.anchor() != nullptr) COFFER_CHECK(seal.anchor()->accept(sequence_));
  if (const Status removed = files_.remove_leftovers(); !removed)
    log_warning("what a change of the domain keys left aside stays: {}", removed.error().message);
  if (!copies->twins) {
    log_warning("mending a copy of the domain keys from its twin");
    if (const Status mended = files_.mend(copies->newest); !mended)
      log_warning("a copy of the domain keys stays damaged: {}", mended.error().message);
  }
  return keys;
}

}  // namespace coffer::keys
