// SPDX-License-Identifier: Apache-2.0
#include "cli/unsealing.h"

#include <algorithm>

#include "base/disk.h"
#include "cli/output.h"
#include "cli/secret_input.h"
#include "seals/passphrase_seal.h"
#include "seals/seal_request.h"
#include "seals/sealed_copies.h"

namespace coffer::cli {
namespace {

using format::SealKind;
using secret::RawAccess;
using secret::SecretBytes;

Result<SecretBytes> material_of(SealKind kind, const Bytes& parameters, const SecretBytes& secret) {
  return seals::encode_material(
      {kind, parameters, secret.read(RawAccess::because("keyd opens the seal with it"))});
}

Result<SecretBytes> new_passphrase_seal(const UpOptions& options) {
  auto passphrase = options.unseal_fd >= 0 ? read_secret(options.unseal_fd)
                                           : ask_for_new_secret("passphrase for the new domain keys");
  if (!passphrase) return passphrase;
  COFFER_TRY(made, seals::make_passphrase_key(*passphrase));
  return material_of(SealKind::kPassphrase, format::encode(made.parameters), made.key);
}

Result<SecretBytes> open_passphrase_seal(const Bytes& stored, const UpOptions& options) {
  COFFER_TRY(parameters, format::parse_passphrase_parameters(stored));
  while (true) {
    auto passphrase = options.unseal_fd >= 0 ? read_secret(options.unseal_fd)
                                             : ask_for_secret("passphrase of the domain keys: ");
    if (!passphrase)
      return fail(passphrase.error().kind, "the domain keys are sealed by a passphrase: " +
                                               passphrase.error().message + " (--unseal-fd N)");
    auto key = seals::open_passphrase_key(*passphrase, parameters);
    if (key) return material_of(SealKind::kPassphrase, stored, *key);
    if (key.error().kind != ErrorKind::kRefusedCiphertext || options.unseal_fd >= 0) return key;
    complain(key.error().message + "; once more");
  }
}

}  // namespace

bool has_sealed_keys(const std::string& folder) {
  const auto names = system_disk().list(folder + "/keyd");
  return names && std::any_of(names->begin(), names->end(), [](const std::string& name) {
           return name == "domain-keys.0" || name == "domain-keys.1";
         });
}

std::optional<format::SealedDomainKeysHeader> stored_seal(const std::string& folder) {
  auto copies = seals::SealedCopyFiles(system_disk(), folder + "/keyd").read();
  if (!copies) return std::nullopt;
  return std::move(copies->parsed.header);
}

std::string seal_file_in_force(const std::string& folder, const InstallationFile& installation) {
  const auto stored = stored_seal(folder);
  if (!stored) return seal_file_of(folder, installation);
  if (stored->seal_kind != SealKind::kKeyFile) return {};
  const auto parameters = format::parse_key_file_parameters(stored->parameters);
  return parameters && !parameters->path.empty() ? parameters->path : seal_file_of(folder, installation);
}

Result<std::vector<SecretBytes>> unsealing_material(const std::string& folder,
                                                    const InstallationFile& installation,
                                                    const UpOptions& options) {
  std::vector<SecretBytes> materials;
  const auto stored = stored_seal(folder);
  if (stored && !options.seal.empty() && format::name_of(stored->seal_kind) != options.seal)
    return fail(ErrorKind::kConflict,
                "the domain keys are sealed (" + std::string(format::name_of(stored->seal_kind)) +
                    "); to put them under another seal: `coffer seal change --to " + options.seal + "`");
  if (stored && stored->seal_kind == SealKind::kPassphrase) {
    COFFER_TRY(material, open_passphrase_seal(stored->parameters, options));
    materials.push_back(std::move(material));
  }
  const bool first = !installation.initialised && !has_sealed_keys(folder);
  if (first && options.seal == format::name_of(SealKind::kPassphrase)) {
    COFFER_TRY(material, new_passphrase_seal(options));
    materials.push_back(std::move(material));
  }
  return materials;
}

}  // namespace coffer::cli
