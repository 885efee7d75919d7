// SPDX-License-Identifier: Apache-2.0
#include "volume/snapshot_access.h"

#include <algorithm>

namespace coffer::volume {

Status SnapshotAccess::check(uint64_t offset, uint64_t length) const {
  if (closed_) return fail(ErrorKind::kNotFound, "snapshot " + id_ + " was deleted");
  if (offset % kSectorSize != 0 || length % kSectorSize != 0 || offset > size() || length > size() - offset)
    return fail(ErrorKind::kInvalidArgument, "the range does not lie within snapshot " + id_);
  return {};
}

Status SnapshotAccess::read(uint64_t offset, MutableByteView out) {
  const std::shared_lock lock(mutex_);
  COFFER_CHECK(check(offset, out.size()));
  return chain_->read(offset / kSectorSize, out);
}

// What was written before through another object may be lost with that.
Status SnapshotAccess::take_up(uint64_t offset) {
  const std::lock_guard lock(ends_mutex_);
  if (ends_.erase(offset) != 0) return {};
  return fail(ErrorKind::kConflict, "what goes before this part of snapshot " + id_ + " is not there");
}

void SnapshotAccess::leave_off(uint64_t offset) {
  const std::lock_guard lock(ends_mutex_);
  if (ends_.size() >= kMostUnfinished) ends_.clear();  // of writers that never came back; others begin anew
  ends_.insert(offset);
}

Status SnapshotAccess::write(uint64_t offset, ByteView data, Piece piece) {
  const std::shared_lock lock(mutex_);
  COFFER_CHECK(check(offset, data.size()));
  if (!writable_) return fail(ErrorKind::kConflict, "snapshot " + id_ + " is complete");
  if (!piece.first) COFFER_CHECK(take_up(offset));
  Layer& top = chain_->top();
  COFFER_CHECK(top.check());
  while (!data.empty()) {
    const ByteView part = data.first(std::min(data.size(), kChunkSize - offset % kChunkSize));
    {
      const auto chunk = top.locks()->exclude(offset);
      COFFER_CHECK(top.write_data(offset / kSectorSize, part));
    }
    offset += part.size();
    data = data.subspan(part.size());
  }
  if (!piece.last) {
    leave_off(offset);
    return {};
  }
  // Durable at once: who closes this, or dies, before the snapshot is completed must not lose the block.
  return top.flush(Durability::kStates);
}

void SnapshotAccess::replace_chain(std::shared_ptr<const Chain> chain) {
  const std::unique_lock lock(mutex_);
  chain_ = std::move(chain);
}

void SnapshotAccess::complete() {
  const std::unique_lock lock(mutex_);
  writable_ = false;
}

void SnapshotAccess::close() {
  const std::unique_lock lock(mutex_);
  closed_ = true;
}

}  // namespace coffer::volume
