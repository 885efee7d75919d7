// SPDX-License-Identifier: Apache-2.0
// One attachment, detachment or restoring of a volume at a time: what volumed serves and what the catalog
// says change in two steps, and nobody may come in between. Thread-safe.
#pragma once
#include <array>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace coffer::services::ec2 {

class VolumeLocks {
 public:
  // Volumes may share a lock; no caller holds two, but by hold_all.
  [[nodiscard]] std::unique_lock<std::mutex> hold(const std::string& volume_id) {
    return std::unique_lock(locks_[index_of(volume_id)]);
  }
  [[nodiscard]] std::vector<std::unique_lock<std::mutex>> hold_all(
      const std::vector<std::string>& volume_ids) {
    std::set<size_t> indices;  // in one order for everybody
    for (const auto& volume_id : volume_ids) indices.insert(index_of(volume_id));
    std::vector<std::unique_lock<std::mutex>> held;
    for (const size_t index : indices) held.emplace_back(locks_[index]);
    return held;
  }

 private:
  size_t index_of(const std::string& volume_id) const {
    return std::hash<std::string>{}(volume_id) % locks_.size();
  }

  std::array<std::mutex, 64> locks_;
};

}  // namespace coffer::services::ec2
