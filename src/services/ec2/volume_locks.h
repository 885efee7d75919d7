// SPDX-License-Identifier: Apache-2.0
// One attachment, detachment or restoring of a volume at a time: what volumed serves and what the catalog
// says change in two steps, and nobody may come in between. Thread-safe.
#pragma once
#include <array>
#include <functional>
#include <mutex>
#include <string>

namespace coffer::services::ec2 {

class VolumeLocks {
 public:
  // Volumes may share a lock; no caller holds two.
  [[nodiscard]] std::unique_lock<std::mutex> hold(const std::string& volume_id) {
    return std::unique_lock(locks_[std::hash<std::string>{}(volume_id) % locks_.size()]);
  }

 private:
  std::array<std::mutex, 64> locks_;
};

}  // namespace coffer::services::ec2
