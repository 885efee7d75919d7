// SPDX-License-Identifier: Apache-2.0
// When access keys and roles were last used, for GetAccessKeyLastUsed and GetRole: told to the catalog now
// and then only, in a transaction that is made anyway. Bounded; thread-safe.
#pragma once
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace coffer::api {

class CredentialUses {
 public:
  static constexpr int64_t kBetween = int64_t{15} * 60 * 1'000'000;  // microseconds
  static constexpr size_t kMost = 10'000;

  // Is this use to be stored? It counts as stored from then on.
  bool is_due(const std::string& id, Timestamp now) {
    const std::lock_guard lock(mutex_);
    if (stored_.size() >= kMost) stored_.clear();
    const auto [found, added] = stored_.try_emplace(id, now);
    if (!added && now.microseconds - found->second.microseconds < kBetween && now >= found->second)
      return false;
    found->second = now;
    return true;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, Timestamp> stored_;  // when it was, by the id of the access key or role
};

}  // namespace coffer::api
