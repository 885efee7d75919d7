// SPDX-License-Identifier: Apache-2.0
// `coffer backup`: the catalog, and the domain keys as they are sealed, in one encrypted archive; with
// --with-domain-keys also the domain keys under the archive's own key.
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/disk.h"
#include "base/encoding.h"
#include "base/process_hardening.h"
#include "cli/admin_client.h"
#include "cli/backup_file.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/recovery_key.h"
#include "cli/unsealing.h"
#include "crypto/random.h"
#include "seals/seal_request.h"
#include "seals/sealed_copies.h"

namespace coffer::cli {
namespace {

using format::SealKind;
using secret::RawAccess;
using secret::SecretBytes;

constexpr int kPatience = 600000;  // ms: a catalog may be large

// The copy of the catalog that apid made; gone when this is.
struct CatalogCopy {
  Document about;
  std::string path;
  CatalogCopy(Document answer, std::string where) : about(std::move(answer)), path(std::move(where)) {}
  CatalogCopy(CatalogCopy&& other) noexcept : about(std::move(other.about)), path(std::move(other.path)) {
    other.path.clear();
  }
  CatalogCopy& operator=(CatalogCopy&&) = delete;
  ~CatalogCopy() {
    if (!path.empty()) ::unlink(path.c_str());
  }
};

Result<CatalogCopy> copy_catalog(const Served& served) {
  Document request;
  request.set("command", "backup-catalog");
  COFFER_TRY(answer, ask(served, request, kPatience));
  const std::string name = answer.text("copy");
  if (!format::is_backup_name(name) || name.find('/') != std::string::npos)
    return fail(ErrorKind::kCorrupt, "apid's answer cannot be understood");
  return CatalogCopy(answer, served.folder + "/apid/" + name);
}

// The domain keys under the archive's own key; keyd gives them to whoever can open DIR/keyd.
Result<Bytes> export_domain_keys(const Served& served, const RecoveryKey& recovery) {
  COFFER_TRY(copies, seals::SealedCopyFiles(system_disk(), served.folder + "/keyd").read());
  const uint64_t sequence = copies.parsed.header.sequence;
  COFFER_TRY(box, seals::box_request(
                      served.folder + "/keyd", format::kExportBinding, sequence,
                      {recovery.kind, recovery.parameters,
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

Status write_archive(int descriptor, const Served& served, const RecoveryKey& recovery,
                     bool with_domain_keys) {
  format::BackupHeader header{recovery.kind, recovery.parameters, {}};
  std::ranges::copy(crypto::random_bytes(header.salt.size()), header.salt.begin());
  COFFER_TRY(catalog, copy_catalog(served));
  // After the catalog: what that is wrapped under is there, also if a rotation has begun since.
  COFFER_TRY(copies, seals::SealedCopyFiles(system_disk(), served.folder + "/keyd").read());
  BackupWriter writer(descriptor, recovery.key, header);
  COFFER_CHECK(writer.begin());
  COFFER_CHECK(writer.add("about.json", as_bytes(catalog.about.line())));
  COFFER_CHECK(writer.add_file("installation.json", served.folder + "/installation.json"));
  COFFER_CHECK(writer.add_file("root-credentials", served.folder + "/root-credentials"));
  COFFER_CHECK(writer.add("keyd/domain-keys", copies.newest));
  if (with_domain_keys) {
    COFFER_TRY(exported, export_domain_keys(served, recovery));
    COFFER_CHECK(writer.add("keyd/domain-keys.recovery", exported));
  }
  COFFER_CHECK(writer.add_file("apid/catalog.db", catalog.path));
  return writer.finish();
}

// Aside and renamed: a backup that is there is whole.
Status write_to_file(const std::string& path, const Served& served, const RecoveryKey& recovery,
                     bool with_domain_keys) {
  const std::string aside = path + ".new";
  FileDescriptor file(::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return fail_errno("write " + aside);
  Status written = write_archive(file.get(), served, recovery, with_domain_keys);
  if (written && ::fsync(file.get()) != 0) written = fail_errno("write " + aside);
  if (written && ::rename(aside.c_str(), path.c_str()) != 0) written = fail_errno("rename " + aside);
  if (!written) {
    ::unlink(aside.c_str());
    return written;
  }
  const size_t slash = path.rfind('/');
  return system_disk().flush_directory(
      slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1)));
}

}  // namespace

int backup(const Common& common, const BackupOptions& options) {
  (void)forbid_core_dumps();
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  const auto seal = stored_seal(served->folder);
  if (!seal) return complain_about({ErrorKind::kCorrupt, "the sealed domain keys cannot be read"});
  auto recovery = new_recovery_key(options, seal->installation_id);
  if (!recovery) return complain_about(recovery.error());
  const bool to_stream = options.file == "-";
  const Status written = to_stream
                             ? write_archive(STDOUT_FILENO, *served, *recovery, options.with_domain_keys)
                             : write_to_file(options.file, *served, *recovery, options.with_domain_keys);
  if (!written) return complain_about(written.error());
  if (!to_stream) print("backed up to " + options.file + "\n");
  return kOk;
}

}  // namespace coffer::cli
