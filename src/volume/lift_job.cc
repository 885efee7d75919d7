// SPDX-License-Identifier: Apache-2.0
#include "volume/lift_job.h"

#include <algorithm>

#include "base/log.h"
#include "volume/volume_store.h"

namespace coffer::volume {
LiftJob::~LiftJob() {
  store_.release(layers_);
}

// What a sector that is absent in the layer gets.
LiftJob::Found LiftJob::find(uint64_t sector, uint64_t limit) const {
  if (from_all_) {
    const Chain::Found found = chain_->find(sector, limit);
    return {found.layer == &chain_->top() ? nullptr : found.layer, false, found.count};
  }
  Layer& parent = *chain_->layers()[1];
  if (sector >= parent.sectors()) return {nullptr, false, limit};
  const StateMap::Run run = parent.run(sector, std::min(limit, parent.sectors() - sector));
  return {run.state == SectorState::kData ? &parent : nullptr, run.state == SectorState::kZero && hide_,
          run.count};
}

Result<Job::Progress> LiftJob::step() {
  Layer& target = chain_->top();
  COFFER_CHECK(target.check());
  uint64_t copied = 0, end = 0;
  for (uint64_t stop = sector_ + kMostSectorsLookedAt; copied < limits_.step_bytes;) {
    Found next;
    {
      const auto lock = target.locks()->share(sector_ * kSectorSize);  // any chunk's: it must not grow now
      end = target.sectors();
      if (sector_ >= std::min(end, stop)) break;
      next = find(sector_, std::min(end, stop) - sector_);
    }
    if (next.source == nullptr && !next.zero) {
      sector_ += next.count;
      continue;
    }
    const uint64_t count = std::min(end - sector_, kSectorsPerChunk - sector_ % kSectorsPerChunk);
    if (const Status lifted = lift_chunk({sector_, count}, copied); !lifted) {
      lifted_ += copied;
      const bool can_make_room = sector_ > given_back_ || !shadowed_given_back_;
      if (lifted.error().kind != ErrorKind::kNoSpace || from_all_ || !can_make_room)
        return tl::unexpected(lifted.error());
      COFFER_CHECK(give_back());
      give_back_shadowed();
      return Progress{false, sector_ * kSectorSize, end * kSectorSize};
    }
    sector_ += count;
  }
  lifted_ += copied;
  if (sector_ >= end) return finish();
  if (lifted_ >= limits_.unsaved_bytes) COFFER_CHECK(from_all_ ? save() : give_back());
  return Progress{false, sector_ * kSectorSize, end * kSectorSize};
}

Status LiftJob::lift_chunk(SectorRange range, uint64_t& copied) {
  Layer& target = chain_->top();
  const auto lock = target.locks()->exclude(range.first * kSectorSize);
  const uint64_t end = range.first + range.count;
  for (uint64_t sector = range.first; sector < end;) {
    const StateMap::Run run = target.run(sector, end - sector);
    uint64_t count = run.count;
    if (run.state == SectorState::kAbsent) {
      const Found found = find(sector, count);
      count = found.count;
      if (found.source != nullptr) COFFER_CHECK(copy(*found.source, {sector, count}));
      if (found.zero) COFFER_CHECK(target.set_zero({sector, count}, false, true));
      if (found.source != nullptr) copied += count * kSectorSize;
    }
    sector += count;
  }
  return {};
}

Status LiftJob::copy(Layer& source, SectorRange range) {
  Status done;
  for (uint64_t at = 0; at < range.count && done;) {
    const uint64_t count = std::min<uint64_t>(range.count - at, kJobPiece / kSectorSize);
    const MutableByteView piece = buffer_.first(count * kSectorSize);
    done = source.read_data(range.first + at, piece);
    if (done) done = chain_->top().write_data(range.first + at, piece);
    at += count;
  }
  buffer_.wipe();
  return done;
}

Status LiftJob::save() {
  COFFER_CHECK(chain_->top().flush(Durability::kStates));
  lifted_ = 0;
  return {};
}

// Child data and child map durable, then no reader that still asks the parent, and only then its space.
Status LiftJob::give_back() {
  COFFER_CHECK(chain_->top().flush(Durability::kStates));
  Layer& parent = *chain_->layers()[1];
  // What the parent's durable map still calls data, though it was zeroed since, is in nobody's map as zero if
  // nothing shows through it: after a crash it would be read from the hole.
  if (parent.writable()) COFFER_CHECK(parent.flush(Durability::kStates));
  store_.let_go_of(parent.id());
  const uint64_t end = std::min(sector_, parent.sectors());
  if (given_back_ < end)
    if (const Status status = parent.give_back(given_back_ * kSectorSize, (end - given_back_) * kSectorSize);
        !status)
      log_warning("layer {}: space is not returned: {}", parent.id(), status.error().message);
  given_back_ = end;
  lifted_ = 0;
  return {};
}

// What the layer holds itself, durably, from sector_ on: nobody reads it in the parent. On a full disk this
// is the room that a merge begins with.
void LiftJob::give_back_shadowed() {
  constexpr uint64_t kAtOnce = 64 * kSectorsPerChunk;  // what is not durable keeps the space of no more
  Layer& target = chain_->top();
  Layer& parent = *chain_->layers()[1];
  const uint64_t end = std::min(target.sectors(), parent.sectors());
  for (uint64_t sector = sector_; sector < end;) {
    const StateMap::Run run = target.run(sector, end - sector);
    const uint64_t count = run.state == SectorState::kAbsent ? run.count : std::min(run.count, kAtOnce);
    if (run.state != SectorState::kAbsent && target.states_durable({sector, count}))
      (void)parent.give_back(sector * kSectorSize, count * kSectorSize);
    sector += count;
  }
  shadowed_given_back_ = true;
}

Result<Job::Progress> LiftJob::finish() {
  Layer& target = chain_->top();
  COFFER_CHECK(target.flush(Durability::kStates));
  // A volume that grew meanwhile has nothing below in its new part.
  COFFER_CHECK(store_.finish_lift(target.id(), chain_->layers()[1]->id(), from_all_));
  return Progress{true, target.size_bytes(), target.size_bytes()};
}

}  // namespace coffer::volume
