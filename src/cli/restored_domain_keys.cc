// SPDX-License-Identifier: Apache-2.0
#include "cli/restored_domain_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/disk.h"
#include "cli/data_folder.h"
#include "cli/seal_file.h"
#include "format/seal_parameters.h"
#include "seals/sealed_copies.h"
#include "seals/sealed_versions.h"

namespace coffer::cli {
namespace {

using format::SealKind;
using Versions = std::set<uint32_t>;

constexpr uint64_t kLargestCopy = 1 << 20;
constexpr const char* kWayOut =
    "into an empty folder a restoration brings the backup's own domain keys; move DIR/volumes there "
    "afterwards";

struct StagedCopy {
  Bytes bytes;
  format::SealedDomainKeys parsed;  // views into `bytes`
};
Result<StagedCopy> read_copy(const std::string& path) {
  StagedCopy copy;
  COFFER_TRY(bytes, read_file(system_disk(), path, kLargestCopy));
  copy.bytes = std::move(bytes);
  COFFER_TRY(parsed, format::parse_sealed_domain_keys(copy.bytes));
  copy.parsed = parsed;
  return copy;
}

// Those with which the backup opens; empty when nothing at hand tells.
Result<Versions> versions_of_backup(const std::string& folder, const InstallationFile& installation,
                                    const std::string& staged, const RecoveryKey& recovery) {
  const std::string recovered = staged + "/domain-keys.recovery";
  COFFER_TRY(there, system_disk().exists(recovered));
  COFFER_TRY(copy, read_copy(there ? recovered : staged + "/domain-keys"));
  if (!there) return versions_by_key_file(folder, installation, copy.parsed);
  const seals::Seal seal(recovery.kind, copy.parsed.header.installation_id, recovery.seal_parameters,
                         recovery.key.clone(), "what opens the backup");
  return seals::sealed_versions(copy.parsed, seal);
}

std::string named(const Versions& versions) {
  return fmt::format("{} {}", versions.size() == 1 ? "version" : "versions", fmt::join(versions, ", "));
}

}  // namespace

Result<std::string> compare_domain_keys(const std::string& folder, const std::string& staged,
                                        const RecoveryKey& recovery) {
  const auto present = seals::SealedCopyFiles(system_disk(), folder + "/keyd").read();
  if (!present) return std::string();  // keyd says why
  COFFER_TRY(as_sealed, read_copy(staged + "/domain-keys"));
  const uint64_t then = as_sealed.parsed.header.sequence, now = present->parsed.header.sequence;
  if (then == now) return std::string();
  COFFER_TRY(installation, read_installation(folder));
  COFFER_TRY(needed, versions_of_backup(folder, installation, staged, recovery));
  const Versions there = versions_by_key_file(folder, installation, present->parsed);
  if (needed.empty() || there.empty())
    return fmt::format(
        "the domain keys were changed since this backup (change {}, now {}), by a change of the seal or by a "
        "rotation. After a rotation nothing of the backup opens here: {}",
        then, now, kWayOut);
  if (std::ranges::includes(there, needed)) return std::string();
  return fail(
      ErrorKind::kConflict,
      fmt::format("the backup needs {} of the domain key, and the sealed domain keys in {} hold {} alone: "
                  "the domain key was rotated since, so nothing of the backup would open. Nothing was "
                  "changed; {}",
                  named(needed), folder, named(there), kWayOut));
}

Result<std::string> seal_to_come(const std::string& staged, bool recovered) {
  COFFER_TRY(copy, read_copy(staged + (recovered ? "/domain-keys.recovery" : "/domain-keys")));
  const format::SealedDomainKeysHeader& header = copy.parsed.header;
  switch (header.seal_kind) {
    case SealKind::kKeyFile: {
      COFFER_TRY(parameters, format::parse_key_file_parameters(header.parameters));
      COFFER_TRY(text, read_file(system_disk(), staged + "/installation.json", 1 << 20));
      COFFER_TRY(installation, parse_installation(as_text(text)));
      std::string path = parameters.path.empty() ? installation.seal_file : parameters.path;
      return "by a key file, which was " + (path.empty() ? "seal.key in the data folder" : path) +
             "; if it is elsewhere now: `coffer up --seal-file PATH`";
    }
    case SealKind::kPassphrase:
      return "by a passphrase, which `coffer up` asks for";
    case SealKind::kTpm:
      return "by the TPM of the machine that they were made on, and open nowhere else";
    case SealKind::kPkcs11: {
      COFFER_TRY(parameters, format::parse_pkcs11_parameters(header.parameters));
      return "by the PKCS#11 token '" + parameters.token + "', of the module " + parameters.module;
    }
  }
  return std::string();
}

}  // namespace coffer::cli
