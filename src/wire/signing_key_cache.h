// SPDX-License-Identifier: Apache-2.0
// Signing keys that keyd derived, by (access key, date, region, service). Only the current day's are kept
// (five minutes' skew around midnight aside), and at most `capacity`; the least recently used goes first.
// Thread-safe.
//
// The caller makes sure that the access key, the region and the service exist before it asks: a stranger who
// knows an access key id could otherwise fill the cache with keys for names of his own.
#pragma once
#include <chrono>
#include <compare>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "secret/secret_bytes.h"

namespace coffer::wire {

struct SigningKeyName {
  std::string access_key_id;
  std::string date;  // "20150830"
  std::string region;
  std::string service;
  auto operator<=>(const SigningKeyName&) const = default;
};

class SigningKeyCache {
 public:
  using Key = std::shared_ptr<const secret::SecretBytes>;
  using Fetch = std::function<Result<secret::SecretBytes>()>;

  explicit SigningKeyCache(Clock& clock, size_t capacity = 1024) : clock_(clock), capacity_(capacity) {}

  // The cached key, or what `fetch` answers (called without the lock; two threads may fetch the same key). A
  // key of another day, as an older presigned request needs, is fetched and not kept.
  Result<Key> get(const SigningKeyName& name, const Fetch& fetch);

  void forget(std::string_view access_key_id);  // it was deleted or made inactive
  size_t size() const;

 private:
  struct Entry {
    Key key;
    std::list<SigningKeyName>::iterator position;
  };
  void drop_past_days();  // under the lock
  void remove(std::map<SigningKeyName, Entry>::iterator entry);
  bool keeps(const std::string& date) const;

  Clock& clock_;
  const size_t capacity_;
  mutable std::mutex mutex_;
  std::map<SigningKeyName, Entry> entries_;
  std::list<SigningKeyName> by_use_;             // most recently used first
  std::optional<std::chrono::days> oldest_day_;  // since 1970, of those that are kept
  uint64_t generation_ = 0;                      // of forget()
};

}  // namespace coffer::wire
