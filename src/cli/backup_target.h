// SPDX-License-Identifier: Apache-2.0
// The folder of a continuous backup (docs/format/continuous-backup.md): a base, which is a whole backup, and
// numbered pieces, each a small one. The base tells inside up to which number the pieces are in it already.
// What a function has returned good is on the disk.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/disk.h"
#include "base/result.h"

namespace coffer::cli {

class BackupTarget {
 public:
  BackupTarget(Disk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}

  // Makes the folder if it is absent, and removes what was cut off.
  Status prepare();
  const std::string& folder() const { return folder_; }
  std::string base_path() const { return folder_ + "/base"; }
  std::string piece_path(uint64_t number) const;

  Result<bool> has_base();
  Result<std::vector<uint64_t>> pieces();  // rising
  Status put_piece(uint64_t number, ByteView archive);
  Result<Bytes> read_piece(uint64_t number);

  // A base is written into this file; until end_base() the one before stands.
  Result<std::unique_ptr<File>> begin_base();
  // In place of the one before; `number`: the last piece that is in it. Those up to it are removed.
  Status end_base(File& file, uint64_t number);

 private:
  Disk& disk_;
  const std::string folder_;
};

}  // namespace coffer::cli
