// SPDX-License-Identifier: Apache-2.0
// Who writes blocks of a snapshot does not meet who completes it or gives it up; nor do two who write one
// block. Thread-safe.
#pragma once
#include <array>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>

namespace coffer::services::ebs {

class UploadLocks {
 public:
  // Snapshots may share a lock, and so may blocks; who holds one takes no other of the same kind.
  [[nodiscard]] std::shared_lock<std::shared_mutex> write_to(const std::string& snapshot_id) {
    return std::shared_lock(snapshots_[std::hash<std::string>{}(snapshot_id) % snapshots_.size()]);
  }
  [[nodiscard]] std::unique_lock<std::shared_mutex> exclude_writers(const std::string& snapshot_id) {
    return std::unique_lock(snapshots_[std::hash<std::string>{}(snapshot_id) % snapshots_.size()]);
  }
  [[nodiscard]] std::unique_lock<std::mutex> hold_block(const std::string& snapshot_id, uint32_t block) {
    return std::unique_lock(blocks_[(std::hash<std::string>{}(snapshot_id) + block) % blocks_.size()]);
  }

 private:
  std::array<std::shared_mutex, 64> snapshots_;
  std::array<std::mutex, 256> blocks_;
};

}  // namespace coffer::services::ebs
