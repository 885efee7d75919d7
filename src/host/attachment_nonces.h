// SPDX-License-Identifier: Apache-2.0
// The nonces that boxes of volume keys must be bound to: each is good for one attempt at one attachment, and
// for a short time, so that a box that was relayed once opens nothing later. Thread-safe.
#pragma once
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/random.h"

namespace coffer::host {

class AttachmentNonces {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr size_t kSize = 16;
  static constexpr std::chrono::seconds kLifetime{120};
  static constexpr size_t kMost = 1024;  // beyond that the oldest goes

  explicit AttachmentNonces(Random& random) : random_(random) {}

  // A fresh one; an earlier one of the same attachment is good no more.
  Bytes issue(const std::string& volume_id, const std::string& attachment_id, Time now);
  // The one that was issued, once.
  std::optional<Bytes> take(const std::string& volume_id, const std::string& attachment_id, Time now);

 private:
  struct Issued {
    Bytes nonce;
    Time when;
  };
  using Key = std::pair<std::string, std::string>;

  Random& random_;
  std::mutex mutex_;
  std::map<Key, Issued> issued_;
};

}  // namespace coffer::host
