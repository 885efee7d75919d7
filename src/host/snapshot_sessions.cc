// SPDX-License-Identifier: Apache-2.0
#include "host/snapshot_sessions.h"

#include <algorithm>

namespace coffer::host {

bool SnapshotSessions::is_open(const std::string& snapshot_id) {
  std::lock_guard lock(mutex_);
  return sessions_.contains(snapshot_id);
}

Status SnapshotSessions::open(const std::string& snapshot_id, const volume::LayerKeys& keys) {
  if (use(snapshot_id)) return {};
  COFFER_TRY(access, store_.open_snapshot(snapshot_id, keys));
  std::lock_guard lock(mutex_);
  if (sessions_.size() >= kMost)
    sessions_.erase(
        std::ranges::min_element(sessions_, {}, [](const auto& each) { return each.second.last_use; }));
  sessions_.insert_or_assign(snapshot_id, Session{std::move(access), clock_.steady_now()});
  return {};
}

Result<std::shared_ptr<volume::SnapshotAccess>> SnapshotSessions::use(const std::string& snapshot_id) {
  std::lock_guard lock(mutex_);
  const auto found = sessions_.find(snapshot_id);
  const auto now = clock_.steady_now();
  if (found == sessions_.end() || now - found->second.last_use > kLifetime)
    return fail(ErrorKind::kConflict, "snapshot " + snapshot_id + " is not open");
  found->second.last_use = now;
  return found->second.access;
}

Result<Bytes> SnapshotSessions::read(const std::string& snapshot_id, uint64_t offset, uint32_t length) {
  COFFER_TRY(access, use(snapshot_id));
  Bytes data(length);
  COFFER_CHECK(access->read(offset, data));
  return data;
}

Status SnapshotSessions::write(const std::string& snapshot_id, uint64_t offset, ByteView data,
                               volume::SnapshotAccess::Piece piece) {
  COFFER_TRY(access, use(snapshot_id));
  return access->write(offset, data, piece);
}

std::vector<std::string> SnapshotSessions::expired() {
  std::lock_guard lock(mutex_);
  std::vector<std::string> ids;
  const auto now = clock_.steady_now();
  for (const auto& [id, session] : sessions_)
    if (now - session.last_use > kLifetime) ids.push_back(id);
  return ids;
}

void SnapshotSessions::close_expired(const std::string& snapshot_id) {
  std::lock_guard lock(mutex_);
  const auto found = sessions_.find(snapshot_id);
  if (found != sessions_.end() && clock_.steady_now() - found->second.last_use > kLifetime)
    sessions_.erase(found);
}

void SnapshotSessions::close(const std::string& snapshot_id) {
  std::lock_guard lock(mutex_);
  sessions_.erase(snapshot_id);
}

void SnapshotSessions::close_all() {
  std::lock_guard lock(mutex_);
  sessions_.clear();
}

bool SnapshotSessions::empty() {
  std::lock_guard lock(mutex_);
  return sessions_.empty();
}

}  // namespace coffer::host
