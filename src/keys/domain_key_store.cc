// SPDX-License-Identifier: Apache-2.0
#include "keys/domain_key_store.h"

#include <optional>
#include <vector>

#include "base/log.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "format/codec.h"
#include "format/sealed_domain_keys.h"
#include "keys/checksum.h"

namespace coffer::keys {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

constexpr int kCopies = 2;
constexpr uint64_t kLargestCopy = 1 << 20;

struct Copy {
  Bytes bytes;
  std::optional<format::SealedDomainKeys> parsed;  // views into `bytes`
  bool too_new = false;
};

// The checksum comes first: damage to the version field must not look like a later release.
Copy read_copy(Disk& disk, const std::string& path) {
  Copy copy;
  auto bytes = read_file(disk, path, kLargestCopy);
  if (!bytes) return copy;
  copy.bytes = std::move(*bytes);
  if (!ends_with_checksum(copy.bytes)) return copy;
  const auto parsed = format::parse_sealed_domain_keys(copy.bytes);
  if (parsed) copy.parsed = *parsed;
  copy.too_new = !parsed && parsed.error().kind == ErrorKind::kTooNew;
  return copy;
}

Result<Bytes> encode_copy(const DomainKeys& keys, const Seal& seal, uint64_t sequence) {
  std::vector<format::DomainKeyView> views;
  for (const auto& [version, key] : keys.versions())
    views.push_back({version, key.read(RawAccess::because("the domain keys are sealed"))});
  SecretBytes contents(format::domain_keys_size(views.size()));
  format::encode_domain_keys(views, contents.write(RawAccess::because("the domain keys are sealed")));
  const Bytes header =
      format::encode(format::SealedDomainKeysHeader{seal.kind(), seal.installation_id(), sequence});
  COFFER_TRY(sealed, seal.seal(contents, header));
  const Bytes unchecked = format::encode_unchecked(header, sealed);
  return format::Writer().raw(unchecked).raw(crypto::sha256(unchecked)).take();
}

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

std::string DomainKeyStore::copy_path(int copy) const {
  return folder_ + "/domain-keys." + std::to_string(copy);
}

Result<bool> DomainKeyStore::initialised() const {
  for (int i = 0; i < kCopies; ++i) {
    COFFER_TRY(present, disk_.exists(copy_path(i)));
    if (present) return true;
  }
  return false;
}

Result<DomainKeys> DomainKeyStore::initialise(const Seal& seal) {
  COFFER_TRY(present, initialised());
  if (present) return fail(ErrorKind::kConflict, "there are domain keys in " + folder_ + " already");
  COFFER_CHECK(disk_.make_directory(folder_));
  DomainKeys keys;
  keys.add(1, crypto::random_secret(format::kDomainKeySize));
  COFFER_CHECK(write_copies(keys, seal, 1));
  return keys;
}

// Each copy is replaced and flushed by itself, so that one of them is whole at any moment.
Status DomainKeyStore::write_copies(const DomainKeys& keys, const Seal& seal, uint64_t sequence) {
  COFFER_TRY(bytes, encode_copy(keys, seal, sequence));
  for (int i = 0; i < kCopies; ++i) COFFER_CHECK(replace_file(disk_, copy_path(i), bytes));
  return {};
}

Result<DomainKeys> DomainKeyStore::load(const Seal& seal) {
  COFFER_TRY(present, initialised());
  if (!present)
    return fail(ErrorKind::kNotFound, "no domain keys in " + folder_ + ": it was never initialised");
  Copy copies[kCopies];
  int newest = -1;
  for (int i = 0; i < kCopies; ++i) {
    copies[i] = read_copy(disk_, copy_path(i));
    if (copies[i].too_new)
      return fail(ErrorKind::kTooNew, copy_path(i) + " was written by a later release of Coffer");
    if (!copies[i].parsed) continue;
    if (newest < 0 || copies[i].parsed->header.sequence > copies[newest].parsed->header.sequence) newest = i;
  }
  if (newest < 0)
    return fail(ErrorKind::kCorrupt,
                "both copies of the domain keys in " + folder_ +
                    " are damaged; restore one of them from a backup (they are sealed with " +
                    seal.description() + ")");
  COFFER_TRY(keys, open_copy(*copies[newest].parsed, seal));
  const int other = 1 - newest;
  if (copies[other].bytes != copies[newest].bytes) {
    log_warning("mending {} from its twin", copy_path(other));
    if (const Status mended = replace_file(disk_, copy_path(other), copies[newest].bytes); !mended)
      log_warning("{} stays damaged: {}", copy_path(other), mended.error().message);
  }
  return keys;
}

}  // namespace coffer::keys
