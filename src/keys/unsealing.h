// SPDX-License-Identifier: Apache-2.0
// keyd's start: which seal are the domain keys under, and what opens it?
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/disk.h"
#include "base/result.h"
#include "keys/domain_key_store.h"
#include "keys/seal_control.h"

namespace coffer::keys {

struct UnsealingOptions {
  std::string data;                                    // DIR
  std::string sealer;                                  // the program coffer-sealer; empty: none
  std::string seal_file;                               // where the seal's key file is looked for first
  bool initialise = false;                             // where there are no domain keys, make some
  format::SealKind kind = format::SealKind::kKeyFile;  // under this seal
};

// Seal material of this kind and, where `parameters` is given, with these parameters; waits for it.
// kPermissionDenied, in words, when none was handed over.
using FindMaterial =
    std::function<Result<secret::SecretBytes>(format::SealKind kind, const Bytes* parameters)>;

struct Unsealed {
  DomainKeys domain_keys;
  std::unique_ptr<seals::Seal> seal;
  secret::SecretBytes in_force;  // the seal material that opens it; empty: none is needed
};
// A first start that was cut short is taken up again: a seal that was made is used, domain keys that were
// made are loaded. No seal is ever made for domain keys that exist.
Result<Unsealed> unseal(Disk& disk, DomainKeyStore& store, const UnsealingOptions& options,
                        const FindMaterial& find_material, const MakeSeal& make_seal);

// Seals whose key is in the material itself: a key file's or a passphrase's.
Result<NewSeal> make_software_seal(const format::SealMaterialView& material,
                                   const format::UuidBytes& installation_id);

}  // namespace coffer::keys
