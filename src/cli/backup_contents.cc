// SPDX-License-Identifier: Apache-2.0
#include "cli/backup_contents.h"

#include <unistd.h>

#include <algorithm>

#include "base/disk.h"
#include "base/encoding.h"
#include "crypto/random.h"
#include "seals/seal_request.h"
#include "seals/sealed_copies.h"

namespace coffer::cli {
namespace {

using secret::RawAccess;

constexpr int kPatience = 600000;  // ms: a catalog may be large

// The domain keys under the archive's own key; keyd gives them to whoever can open DIR/keyd.
Result<Bytes> export_domain_keys(const Served& served, const RecoveryKey& recovery, uint64_t sequence) {
  COFFER_TRY(box, seals::box_request(
                      served.folder + "/keyd", format::kExportBinding, sequence,
                      {recovery.kind, recovery.seal_parameters,
                       recovery.key.read(RawAccess::because("keyd seals the domain keys for the backup"))}));
  Document request;
  request.set("command", "backup-domain-keys");
  request.set("seal", format::name_of(recovery.kind));
  request.set("sequence", static_cast<int64_t>(sequence));
  request.set("box", base64(box));
  COFFER_TRY(answer, ask(served, request, kPatience));
  auto copy = from_base64(answer.text("copy"));
  if (!copy) return fail(ErrorKind::kCorrupt, "apid's answer cannot be understood");
  return std::move(*copy);
}

}  // namespace

CatalogCopy::CatalogCopy(CatalogCopy&& other) noexcept
    : about(std::move(other.about)), path(std::move(other.path)) {
  other.path.clear();
}

CatalogCopy::~CatalogCopy() {
  if (!path.empty()) ::unlink(path.c_str());
}

Result<CatalogCopy> copy_catalog(const Served& served, const std::string& receiver) {
  Document request;
  request.set("command", "backup-catalog");
  if (!receiver.empty()) request.set("receiver", receiver);
  COFFER_TRY(answer, ask(served, request, kPatience));
  const std::string name = answer.text("copy");
  if (!format::is_backup_name(name) || name.find('/') != std::string::npos)
    return fail(ErrorKind::kCorrupt, "apid's answer cannot be understood");
  return CatalogCopy(answer, served.folder + "/apid/" + name);
}

Result<uint64_t> sealed_sequence(const Served& served) {
  COFFER_TRY(copies, seals::SealedCopyFiles(system_disk(), served.folder + "/keyd").read());
  return copies.parsed.header.sequence;
}

Result<SealedKeys> read_sealed_keys(const Served& served, const RecoveryKey& recovery,
                                    bool with_domain_keys) {
  COFFER_TRY(copies, seals::SealedCopyFiles(system_disk(), served.folder + "/keyd").read());
  SealedKeys keys;
  keys.sequence = copies.parsed.header.sequence;
  keys.as_sealed = std::move(copies.newest);
  if (with_domain_keys) {
    COFFER_TRY(exported, export_domain_keys(served, recovery, keys.sequence));
    keys.recovery = std::move(exported);
  }
  return keys;
}

Result<BackedUp> copy_catalog_and_keys(const Served& served, const RecoveryKey& recovery,
                                       bool with_domain_keys, int tries, const std::string& receiver) {
  while (tries-- > 0) {
    COFFER_TRY(before, sealed_sequence(served));
    COFFER_TRY(catalog, copy_catalog(served, receiver));
    auto keys = read_sealed_keys(served, recovery, with_domain_keys);
    COFFER_TRY(after, sealed_sequence(served));
    if (!keys && after == before) return tl::unexpected(keys.error());
    if (keys && keys->sequence == before) return BackedUp{std::move(catalog), std::move(*keys)};
  }
  return fail(ErrorKind::kConflict,
              "the domain keys were changed while the catalog was copied, so that they would not open all of "
              "it: back up again when that is over (`coffer domain-key status`)");
}

format::BackupHeader new_header(const RecoveryKey& recovery) {
  format::BackupHeader header{recovery.kind, recovery.parameters, {}};
  std::ranges::copy(crypto::random_bytes(header.salt.size()), header.salt.begin());
  return header;
}

Status add_sealed_keys(BackupWriter& writer, const SealedKeys& keys) {
  COFFER_CHECK(writer.add("keyd/domain-keys", keys.as_sealed));
  if (keys.recovery.empty()) return {};
  return writer.add("keyd/domain-keys.recovery", keys.recovery);
}

Status write_backup(BackupWriter& writer, const Served& served, const CatalogCopy& catalog,
                    const SealedKeys& keys) {
  COFFER_CHECK(writer.begin());
  COFFER_CHECK(writer.add("about.json", as_bytes(catalog.about.line())));
  COFFER_CHECK(writer.add_file("installation.json", served.folder + "/installation.json"));
  COFFER_CHECK(writer.add_file("root-credentials", served.folder + "/root-credentials"));
  COFFER_CHECK(add_sealed_keys(writer, keys));
  COFFER_CHECK(writer.add_file("apid/catalog.db", catalog.path));
  return writer.finish();
}

}  // namespace coffer::cli
