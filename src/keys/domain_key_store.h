// SPDX-License-Identifier: Apache-2.0
// The domain keys at rest: sealed, in two copies (seals/sealed_copies.h).
#pragma once
#include <memory>
#include <string>

#include "base/disk.h"
#include "base/result.h"
#include "keys/domain_keys.h"
#include "seals/seal.h"
#include "seals/sealed_copies.h"

namespace coffer::keys {

// One thread at a time.
class DomainKeyStore {
 public:
  // `folder` is DIR/keyd. Both must outlive the store.
  DomainKeyStore(Disk& disk, std::string folder) : disk_(disk), files_(disk, std::move(folder)) {}

  // Whether there is any copy, be it damaged.
  Result<bool> initialised() const { return files_.present(); }
  // What the newest copy says of its seal, without opening it: kNotFound, kCorrupt, kTooNew.
  Result<format::SealedDomainKeysHeader> header() const;
  // Makes the folder, a first domain key and both copies; kConflict if initialised().
  Result<DomainKeys> initialise(const seals::Seal& seal);
  // Opens the newest valid copy and mends the other. kNotFound, kCorrupt (neither is valid), kTooNew;
  // kRefusedCiphertext when the seal is not the one they are sealed with. All name the seal.
  // kPermissionDenied when the seal has an anchor that knows newer ones.
  Result<DomainKeys> load(const seals::Seal& seal);
  // Replaces both copies, under the next sequence number. After an error either may be the old or the new
  // one.
  Status replace(const DomainKeys& keys, const seals::Seal& seal);
  // Whether both copies are what this store last read or wrote.
  bool both_current() const;
  // Of the copies as this store last read or wrote them.
  uint64_t sequence() const { return sequence_; }

 private:
  Disk& disk_;
  seals::SealedCopyFiles files_;
  uint64_t sequence_ = 0;
};

// One copy, as replace() writes it: for a backup under a seal of its own.
Result<Bytes> seal_domain_keys(const DomainKeys& keys, const seals::Seal& seal, uint64_t sequence);

}  // namespace coffer::keys
