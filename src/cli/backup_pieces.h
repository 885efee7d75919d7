// SPDX-License-Identifier: Apache-2.0
// The pieces of a continuous backup: each a backup archive with shipped rows of keys, and the sealed domain
// keys where they have changed (docs/format/continuous-backup.md).
#pragma once
#include <string>
#include <vector>

#include "cli/backup_contents.h"
#include "cli/backup_target.h"

namespace coffer::cli {

struct Piece {
  uint64_t number = 0;
  SealedKeys keys;  // empty: as before
  std::vector<Bytes> shipments;
};
Result<Bytes> seal_piece(const Piece& piece, const RecoveryKey& recovery);
// kRefusedCiphertext, kCorrupt: damaged, of another backup, or another piece than `number`.
Result<Piece> open_piece(ByteView archive, uint64_t number, const RecoveryKey& recovery);

// The pieces after a base, for a restoration.
struct FollowingPieces {
  Bytes shipments;  // each as a field, in order
  SealedKeys keys;  // the newest, where any are there
  uint64_t count = 0;
  std::string left_out;  // the last one's path, where it does not open
};
// kCorrupt when one is missing, or does not open and is not the last: that one belongs to calls that were not
// answered, or its copy was cut off.
Result<FollowingPieces> read_following_pieces(BackupTarget& target, uint64_t base_number,
                                              const RecoveryKey& recovery);

}  // namespace coffer::cli
