// SPDX-License-Identifier: Apache-2.0
// DIR/keyd/domain-keys.0 and .1 as files: two copies with a sequence number and a checksum. Whatever happens
// to one of them loses nothing (docs/format/sealed-domain-keys.md). Nothing is opened here.
#pragma once
#include <optional>
#include <string>

#include "base/disk.h"
#include "base/result.h"
#include "format/sealed_domain_keys.h"

namespace coffer::seals {

struct SealedCopies {
  Bytes newest;                     // the valid copy with the highest sequence number
  format::SealedDomainKeys parsed;  // views into `newest`
  bool twins = false;               // the other copy is the same
};

class SealedCopyFiles {
 public:
  // `folder` is DIR/keyd. Both must outlive this.
  SealedCopyFiles(Disk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}

  // Whether there is any copy, be it damaged.
  Result<bool> present() const;
  // kNotFound, kCorrupt (neither is valid), kTooNew.
  Result<SealedCopies> read() const;
  // Replaces both; old or new after a crash, and at least one whole at any moment. Space is taken for both
  // before the first is replaced. The bytes of the old ones are overwritten, while they still have a name, so
  // that no crash leaves them in free blocks; where that fails it is logged, and they are replaced all the
  // same.
  Status replace(ByteView copy) const;
  // Makes the other copy like this one; what it held is overwritten.
  Status mend(ByteView copy) const;
  // Overwrites and removes what a replace() that was cut off has left aside. Only when one of the copies has
  // been opened: it could be all that is left of them.
  Status remove_leftovers() const;
  const std::string& folder() const { return folder_; }

 private:
  std::string path(int copy) const;
  std::string aside(int copy) const { return path(copy) + ".new"; }
  // The one that counts; 0 if none does.
  int newest() const;

  Disk& disk_;
  std::string folder_;
};

}  // namespace coffer::seals
