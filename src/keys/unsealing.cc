// SPDX-License-Identifier: Apache-2.0
#include "keys/unsealing.h"

#include <algorithm>

#include "crypto/random.h"
#include "format/seal_parameters.h"
#include "seals/key_file_seal.h"
#include "seals/passphrase_seal.h"
#include "seals/seal_request.h"

namespace coffer::keys {
namespace {

using format::KeyFileParameters;
using format::SealKind;
using seals::Seal;
using secret::RawAccess;
using secret::SecretBytes;

std::string default_seal_file(const UnsealingOptions& options) {
  return options.data + "/seal.key";
}

// DIR may be moved, and then its own seal file moves with it.
KeyFileParameters parameters_of(const UnsealingOptions& options, const std::string& path) {
  return {path == default_seal_file(options) ? "" : path};
}

// The file that was named at this start or earlier, and the one that the copies name: a change of the seal
// may have been the last thing that happened.
Result<std::unique_ptr<Seal>> find_key_file(const UnsealingOptions& options,
                                            const format::SealedDomainKeysHeader& header) {
  COFFER_TRY(stored, format::parse_key_file_parameters(header.parameters));
  auto first = seals::load_key_file_seal(options.seal_file, parameters_of(options, options.seal_file));
  if (first && (*first)->installation_id() == header.installation_id && stored.path.empty()) return first;
  const std::string path = stored.path.empty() ? default_seal_file(options) : stored.path;
  if (path == options.seal_file) return first;
  auto second = seals::load_key_file_seal(path, parameters_of(options, path));
  const bool fits = second && (*second)->installation_id() == header.installation_id;
  return fits ? std::move(second) : std::move(first);
}

Result<NewSeal> seal_from_material(const SecretBytes& encoded, const MakeSeal& make_seal,
                                   const format::UuidBytes& installation_id, uint64_t next_sequence) {
  COFFER_TRY(material,
             format::parse_seal_material(encoded.read(RawAccess::because("the seal is opened with it"))));
  return make_seal(material, installation_id, next_sequence);
}

Result<NewSeal> first_seal(Disk& disk, const UnsealingOptions& options, const FindMaterial& find_material,
                           const MakeSeal& make_seal) {
  if (options.kind != SealKind::kKeyFile) {
    COFFER_TRY(material, find_material(options.kind, nullptr));
    format::UuidBytes installation_id{};
    std::ranges::copy(crypto::random_bytes(installation_id.size()), installation_id.begin());
    return seal_from_material(material, make_seal, installation_id, 1);
  }
  COFFER_TRY(exists, disk.exists(options.seal_file));
  const KeyFileParameters parameters = parameters_of(options, options.seal_file);
  auto seal = exists ? seals::load_key_file_seal(options.seal_file, parameters)
                     : seals::create_key_file_seal(disk, options.seal_file, parameters);
  if (!seal) return tl::unexpected(std::move(seal.error()));
  return NewSeal{std::move(*seal), {}};
}

Result<NewSeal> stored_seal(const UnsealingOptions& options, const format::SealedDomainKeysHeader& header,
                            const FindMaterial& find_material, const MakeSeal& make_seal) {
  if (header.seal_kind == SealKind::kKeyFile) {
    COFFER_TRY(seal, find_key_file(options, header));
    return NewSeal{std::move(seal), {}};
  }
  // A TPM asks nobody.
  const bool handed_over = header.seal_kind != SealKind::kTpm;
  auto material = !handed_over
                      ? Result<SecretBytes>(seals::encode_material({SealKind::kTpm, header.parameters, {}}))
                      : find_material(header.seal_kind, &header.parameters);
  if (!material) return tl::unexpected(std::move(material.error()));
  COFFER_TRY(made, seal_from_material(*material, make_seal, header.installation_id, header.sequence + 1));
  return NewSeal{std::move(made.seal), handed_over ? std::move(*material) : SecretBytes()};
}

}  // namespace

Result<NewSeal> make_software_seal(const format::SealMaterialView& material,
                                   const format::UuidBytes& installation_id) {
  if (material.secret.size() != format::kSealKeySize)
    return fail(ErrorKind::kInvalidArgument, "a seal's key has 32 bytes");
  NewSeal made;
  std::string description;
  if (material.kind == SealKind::kPassphrase) {
    COFFER_TRY(parameters, format::parse_passphrase_parameters(material.parameters));
    description = seals::description_of(parameters);
    made.to_remember = seals::encode_material(material);
  } else if (material.kind == SealKind::kKeyFile) {
    COFFER_TRY(parameters, format::parse_key_file_parameters(material.parameters));
    description = "key file " + parameters.path;
  } else {
    return fail(ErrorKind::kUnsupported, "this release has no such seal");
  }
  made.seal = std::make_unique<Seal>(material.kind, installation_id, to_bytes(material.parameters),
                                     SecretBytes::copy_of(material.secret), std::move(description));
  return made;
}

Result<Unsealed> unseal(Disk& disk, DomainKeyStore& store, const UnsealingOptions& options,
                        const FindMaterial& find_material, const MakeSeal& make_seal) {
  COFFER_TRY(initialised, store.initialised());
  if (options.initialise && !initialised) {
    COFFER_TRY(fresh, first_seal(disk, options, find_material, make_seal));
    COFFER_TRY(made, store.initialise(*fresh.seal));
    return Unsealed{std::move(made), std::move(fresh.seal), std::move(fresh.to_remember)};
  }
  COFFER_TRY(header, store.header());
  COFFER_TRY(found, stored_seal(options, header, find_material, make_seal));
  COFFER_TRY(loaded, store.load(*found.seal));
  return Unsealed{std::move(loaded), std::move(found.seal), std::move(found.to_remember)};
}

}  // namespace coffer::keys
