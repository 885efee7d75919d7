// SPDX-License-Identifier: Apache-2.0
#include "cli/seal_file.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/disk.h"
#include "cli/unsealing.h"
#include "format/seal_parameters.h"
#include "seals/key_file_seal.h"
#include "seals/sealed_copies.h"
#include "seals/sealed_versions.h"

namespace coffer::cli {
namespace {

using format::SealKind;

Status opens(const seals::SealedCopies& copies, const std::string& path) {
  COFFER_TRY(seal, seals::load_key_file_seal(path));
  if (seal->installation_id() != copies.parsed.header.installation_id)
    return fail(ErrorKind::kConflict, path + " is the key file of another installation");
  if (!seals::sealed_versions(copies.parsed, *seal))
    return fail(ErrorKind::kConflict,
                path + " is a key file of this installation, but not that of its seal now");
  return {};
}

bool is_there(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

bool on_one_file_system(const std::string& one, const std::string& other) {
  struct stat a {
  }, b{};
  return ::stat(one.c_str(), &a) == 0 && ::stat(other.c_str(), &b) == 0 && a.st_dev == b.st_dev;
}

std::string beside_the_data(const std::string& path, bool in_force) {
  return "the seal's key file " + path +
         " lies on the same file system as the data: whoever takes this disk or a backup of it has both the "
         "lock and the key. " +
         (in_force ? "Move it to another disk and start with --seal-file PATH"
                   : "Another copy of it is in use: destroy this one (shred -u)");
}

std::string unreadable(const std::string& path) {
  return "the seal's key file " + path + " cannot be read";
}

// Where a key file of this installation may lie, the one in force first.
std::vector<std::string> key_files(const std::string& folder, const InstallationFile& installation) {
  std::vector<std::string> paths;
  for (const std::string& path :
       {seal_file_in_force(folder, installation), seal_file_of(folder, installation), folder + "/seal.key"})
    if (!path.empty() && std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
  return paths;
}

}  // namespace

std::string seal_file_in_force(const std::string& folder, const InstallationFile& installation) {
  const auto stored = stored_seal(folder);
  if (!stored) return seal_file_of(folder, installation);
  if (stored->seal_kind != SealKind::kKeyFile) return {};
  const auto parameters = format::parse_key_file_parameters(stored->parameters);
  return parameters && !parameters->path.empty() ? parameters->path : seal_file_of(folder, installation);
}

Status check_seal_file(const std::string& folder, const std::string& path) {
  if (!has_sealed_keys(folder)) return {};
  const auto copies = seals::SealedCopyFiles(system_disk(), folder + "/keyd").read();
  if (!copies) return {};  // keyd says why
  const SealKind kind = copies->parsed.header.seal_kind;
  if (kind != SealKind::kKeyFile)
    return fail(ErrorKind::kConflict,
                "--seal-file " + path + ": the domain keys are not sealed by a key file, but otherwise (" +
                    std::string(format::name_of(kind)) + "); see `coffer seal change --to key-file`");
  const Status opened = opens(*copies, path);
  if (opened) return {};
  return fail(ErrorKind::kConflict,
              "--seal-file does not open the domain keys: " + opened.error().message +
                  ". The option only says where the key file lies: move that there first");
}

std::set<uint32_t> versions_by_key_file(const std::string& folder, const InstallationFile& installation,
                                        const format::SealedDomainKeys& copy) {
  if (copy.header.seal_kind != SealKind::kKeyFile) return {};
  for (const std::string& path : key_files(folder, installation)) {
    const auto seal = seals::load_key_file_seal(path);
    if (!seal) continue;
    if (auto versions = seals::sealed_versions(copy, **seal)) return std::move(*versions);
  }
  return {};
}

std::vector<std::string> seal_file_warnings(const std::string& folder, const InstallationFile& installation) {
  const std::string in_force = seal_file_in_force(folder, installation);
  if (in_force.empty()) return {};
  const auto copies = seals::SealedCopyFiles(system_disk(), folder + "/keyd").read();
  if (!copies) {
    if (!is_there(in_force)) return {unreadable(in_force)};
    if (!on_one_file_system(in_force, folder)) return {};
    return {beside_the_data(in_force, true)};
  }
  std::vector<std::string> opening;
  for (const std::string& path : key_files(folder, installation))
    if (opens(*copies, path)) opening.push_back(path);
  if (opening.empty()) return {unreadable(in_force)};
  std::vector<std::string> warnings;
  for (const std::string& path : opening)
    if (on_one_file_system(path, folder)) warnings.push_back(beside_the_data(path, path == opening.front()));
  return warnings;
}

}  // namespace coffer::cli
