// SPDX-License-Identifier: Apache-2.0
#include "volume/copy_job.h"

#include <algorithm>

#include "format/crc32c.h"
#include "volume/volume_store.h"

namespace coffer::volume {
uint64_t CopyJob::stop_of(const std::vector<Piece>& pieces) {
  return pieces.empty() ? 0 : pieces.back().range.first + pieces.back().range.count;
}

CopyJob::~CopyJob() {
  store_.release(layers_);
}

Result<Job::Progress> CopyJob::step() {
  COFFER_CHECK(target_->check());
  const uint64_t end = source_->top().sectors();
  const uint64_t stop = std::min(end, sector_ + kMostSectorsLookedAt);
  const uint64_t begin = sector_;
  uint64_t copied = 0;
  Status done;
  while (done && sector_ < stop && copied < limits_.step_bytes) {
    const Chain::Found found = source_->find(sector_, stop - sector_);
    uint64_t count = found.count;
    if (found.layer != nullptr) {
      // What an earlier attempt made durable is there already.
      const StateMap::Run run = target_->run(sector_, count);
      count = std::min(run.count, (limits_.step_bytes - copied) / kSectorSize + 1);
      if (sector_ < doubtful_) count = std::min(count, doubtful_ - sector_);
      if (run.state == SectorState::kAbsent || sector_ < doubtful_) {
        done = copy_run({sector_, count});
        copied += count * kSectorSize;
      }
    }
    if (done) sector_ += count;
  }
  if (done) done = verify();
  buffer_.wipe();
  if (!done) {
    doubtful_ = std::max(doubtful_, stop_of(unverified_));
    unverified_.clear();
    sector_ = begin;
    return tl::unexpected(done.error());
  }
  unverified_.clear();
  unsaved_ += copied;
  if (sector_ >= end || unsaved_ >= limits_.unsaved_bytes) {
    COFFER_CHECK(target_->flush(Durability::kStates));
    unsaved_ = 0;
  }
  if (sector_ < end) return Progress{false, sector_ * kSectorSize, end * kSectorSize};
  COFFER_CHECK(store_.finish_copy(snapshot_id_));
  return Progress{true, end * kSectorSize, end * kSectorSize};
}

Status CopyJob::copy_run(SectorRange range) {
  const uint64_t end = range.first + range.count;
  for (uint64_t sector = range.first; sector < end;) {
    const uint64_t count =
        std::min({end - sector, kJobPiece / kSectorSize, kSectorsPerChunk - sector % kSectorsPerChunk});
    COFFER_CHECK(copy_piece({sector, count}));
    sector += count;
  }
  return {};
}

Status CopyJob::copy_piece(SectorRange range) {
  const MutableByteView plaintext = buffer_.first(range.count * kSectorSize);
  COFFER_CHECK(source_->read(range.first, plaintext));
  unverified_.push_back({range, format::crc32c(plaintext)});
  const auto lock = target_->locks()->exclude(range.first * kSectorSize);
  return target_->write_data(range.first, plaintext);
}

Status CopyJob::verify() {
  for (const Piece& piece : unverified_) {
    const MutableByteView plaintext = buffer_.first(piece.range.count * kSectorSize);
    COFFER_CHECK(target_->read_data(piece.range.first, plaintext));
    if (format::crc32c(plaintext) != piece.checksum)
      return fail(ErrorKind::kIo, "what was copied into " + snapshot_id_ + " does not read back as it was");
  }
  return {};
}

}  // namespace coffer::volume
