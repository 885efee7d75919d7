// SPDX-License-Identifier: Apache-2.0
// The domain keys in memory: everything that keyd hands out for storage is wrapped under the newest; older
// ones stay as long as something may still be wrapped under them.
#pragma once
#include <cstdint>
#include <map>

#include "secret/secret_bytes.h"

namespace coffer::keys {

// Filled once, then read by any thread.
class DomainKeys {
 public:
  void add(uint32_t version, secret::SecretBytes key) { keys_.insert_or_assign(version, std::move(key)); }
  bool empty() const { return keys_.empty(); }
  uint32_t newest_version() const { return keys_.rbegin()->first; }
  const secret::SecretBytes& newest() const { return keys_.rbegin()->second; }
  const secret::SecretBytes* find(uint32_t version) const {
    const auto found = keys_.find(version);
    return found == keys_.end() ? nullptr : &found->second;
  }
  const std::map<uint32_t, secret::SecretBytes>& versions() const { return keys_; }

 private:
  std::map<uint32_t, secret::SecretBytes> keys_;
};

}  // namespace coffer::keys
