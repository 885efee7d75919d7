// SPDX-License-Identifier: Apache-2.0
#include "cli/unsealing.h"

#include <algorithm>
#include <sstream>

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

Result<SecretBytes> pin_of(int descriptor, const std::string& token) {
  auto pin = descriptor >= 0 ? read_secret(descriptor) : ask_for_secret("PIN of the token " + token + ": ");
  if (!pin) return fail(pin.error().kind, "the token " + token + " wants a PIN: " + pin.error().message);
  return pin;
}

// One try: a token counts wrong PINs.
Result<SecretBytes> pkcs11_material(const Bytes& parameters, const UpOptions& options) {
  COFFER_TRY(parsed, format::parse_pkcs11_parameters(parameters));
  COFFER_TRY(pin, pin_of(options.unseal_fd, parsed.token));
  return material_of(SealKind::kPkcs11, parameters, pin);
}

// Of domain keys that are to be made; nothing for a key file.
Result<std::optional<SecretBytes>> first_material(const UpOptions& options) {
  const auto kind = format::seal_kind_named(options.seal).value_or(SealKind::kKeyFile);
  if (kind == SealKind::kKeyFile) return std::nullopt;
  if (kind == SealKind::kPassphrase) return new_passphrase_seal(options);
  COFFER_TRY(parameters, device_parameters(kind, options.device));
  if (kind == SealKind::kPkcs11) return pkcs11_material(parameters, options);
  return seals::encode_material({kind, parameters, {}});
}

Result<uint32_t> pcr_mask(const std::string& text) {
  uint32_t mask = 0;
  std::stringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const bool number =
        !word.empty() && word.size() <= 2 && word.find_first_not_of("0123456789") == std::string::npos;
    const int pcr = number ? std::stoi(word) : 24;
    if (pcr > 23)
      return fail(ErrorKind::kInvalidArgument,
                  "PCRs are numbers from 0 to 23, as in 0,2,7; '" + text + "' is not");
    mask |= 1u << pcr;
  }
  if (mask == 0) return fail(ErrorKind::kInvalidArgument, "a TPM seal needs at least one PCR");
  return mask;
}

}  // namespace

Result<Bytes> device_parameters(SealKind kind, const DeviceOptions& device) {
  if (kind == SealKind::kTpm) {
    COFFER_TRY(mask, pcr_mask(device.pcrs));
    format::TpmParameters parameters;
    parameters.tcti = device.tcti;
    parameters.pcrs = mask;
    return format::encode(parameters);
  }
  if (device.module.empty() || device.token.empty())
    return fail(ErrorKind::kInvalidArgument,
                "a PKCS#11 seal needs --pkcs11-module PATH and --pkcs11-token LABEL");
  if (device.module.front() != '/')
    return fail(ErrorKind::kInvalidArgument, "--pkcs11-module is an absolute path");
  return format::encode(format::Pkcs11Parameters{device.module, device.token, device.label, {}});
}

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
  if (stored && stored->seal_kind == SealKind::kPkcs11) {
    COFFER_TRY(material, pkcs11_material(stored->parameters, options));
    materials.push_back(std::move(material));
  }
  if (!installation.initialised && !has_sealed_keys(folder)) {
    COFFER_TRY(material, first_material(options));
    if (material) materials.push_back(std::move(*material));
  }
  return materials;
}

}  // namespace coffer::cli
