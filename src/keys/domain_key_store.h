// SPDX-License-Identifier: Apache-2.0
// The domain keys at rest: DIR/keyd/domain-keys.0 and .1, two copies with a sequence number and a checksum,
// sealed. Whatever happens to one of them loses nothing (docs/format/sealed-domain-keys.md).
#pragma once
#include <string>

#include "base/disk.h"
#include "base/result.h"
#include "keys/domain_keys.h"
#include "keys/seal.h"

namespace coffer::keys {

class DomainKeyStore {
 public:
  // `folder` is DIR/keyd. Both must outlive the store.
  DomainKeyStore(Disk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}

  // Whether there is any copy, be it damaged.
  Result<bool> initialised() const;
  // Makes the folder, a first domain key and both copies; kConflict if initialised().
  Result<DomainKeys> initialise(const Seal& seal);
  // Opens the newest valid copy and mends the other. kNotFound, kCorrupt (neither is valid), kTooNew;
  // kRefusedCiphertext when the seal is not the one they are sealed with. All name the seal.
  Result<DomainKeys> load(const Seal& seal);

 private:
  std::string copy_path(int copy) const;
  Status write_copies(const DomainKeys& keys, const Seal& seal, uint64_t sequence);

  Disk& disk_;
  std::string folder_;
};

}  // namespace coffer::keys
