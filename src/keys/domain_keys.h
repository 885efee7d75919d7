// SPDX-License-Identifier: Apache-2.0
// The domain keys in memory: everything that keyd hands out for storage is wrapped under the newest; older
// ones stay as long as something may still be wrapped under them.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "secret/secret_bytes.h"

namespace coffer::keys {

// Filled once, then read by any thread.
class DomainKeys {
 public:
  void add(uint32_t version, secret::SecretBytes key) { keys_.insert_or_assign(version, std::move(key)); }
  bool empty() const { return keys_.empty(); }
  uint32_t newest_version() const { return keys_.rbegin()->first; }
  uint32_t oldest_version() const { return keys_.begin()->first; }
  const secret::SecretBytes& newest() const { return keys_.rbegin()->second; }
  const secret::SecretBytes* find(uint32_t version) const {
    const auto found = keys_.find(version);
    return found == keys_.end() ? nullptr : &found->second;
  }
  const std::map<uint32_t, secret::SecretBytes>& versions() const { return keys_; }

 private:
  std::map<uint32_t, secret::SecretBytes> keys_;
};

// Those in force now, while a rotation may put others in their place. Thread-safe: who holds what get() gave
// works with one consistent set to the end of the call.
class CurrentDomainKeys {
 public:
  explicit CurrentDomainKeys(DomainKeys keys) : keys_(std::make_shared<const DomainKeys>(std::move(keys))) {}

  std::shared_ptr<const DomainKeys> get() const {
    const std::lock_guard lock(mutex_);
    return keys_;
  }
  void set(DomainKeys keys) {
    auto fresh = std::make_shared<const DomainKeys>(std::move(keys));
    const std::lock_guard lock(mutex_);
    keys_ = std::move(fresh);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const DomainKeys> keys_;
};

}  // namespace coffer::keys
