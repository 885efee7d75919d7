// SPDX-License-Identifier: Apache-2.0
// The public keys that volume keys may be boxed to: one a host, enrolled over that host's own channel.
#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace coffer::keys {

// Thread-safe.
class Recipients {
 public:
  // Replaces an earlier key: volumed makes a new one with every start. kInvalidArgument for a wrong size.
  Status enrol(const std::string& host_id, ByteView public_key);
  std::optional<Bytes> find(const std::string& host_id) const;
  bool empty() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Bytes> public_keys_;
};

}  // namespace coffer::keys
