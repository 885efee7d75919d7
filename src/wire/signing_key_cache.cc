// SPDX-License-Identifier: Apache-2.0
#include "wire/signing_key_cache.h"

#include <utility>

namespace coffer::wire {
namespace {

constexpr int64_t kSkew = 5LL * 60 * 1000000;  // of verify() in sigv4.cc

std::string day_of(Timestamp time) {
  return basic_iso8601(time).substr(0, 8);
}

}  // namespace

bool SigningKeyCache::keeps(const std::string& date) const {
  const int64_t now = clock_.wall_now().microseconds;
  return date == day_of({now - kSkew}) || date == day_of({now + kSkew});
}

void SigningKeyCache::remove(std::map<SigningKeyName, Entry>::iterator entry) {
  by_use_.erase(entry->second.position);
  entries_.erase(entry);
}

void SigningKeyCache::drop_past_days() {
  const std::chrono::microseconds oldest(clock_.wall_now().microseconds - kSkew);
  const auto day = std::chrono::floor<std::chrono::days>(oldest);
  if (day == oldest_day_) return;
  oldest_day_ = day;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto next = std::next(entry);
    if (!keeps(entry->first.date)) remove(entry);
    entry = next;
  }
}

Result<SigningKeyCache::Key> SigningKeyCache::get(const SigningKeyName& name, const Fetch& fetch) {
  uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    drop_past_days();
    generation = generation_;
    if (const auto entry = entries_.find(name); entry != entries_.end()) {
      by_use_.splice(by_use_.begin(), by_use_, entry->second.position);
      return entry->second.key;
    }
  }
  COFFER_TRY(fetched, fetch());
  Key key = std::make_shared<const secret::SecretBytes>(std::move(fetched));

  const std::lock_guard lock(mutex_);
  // A key forgotten while it was fetched must not come back.
  if (generation != generation_ || !keeps(name.date) || capacity_ == 0) return key;
  if (entries_.contains(name)) return key;
  if (entries_.size() >= capacity_) remove(entries_.find(by_use_.back()));
  by_use_.push_front(name);
  entries_.emplace(name, Entry{key, by_use_.begin()});
  return key;
}

void SigningKeyCache::forget(std::string_view access_key_id) {
  const std::lock_guard lock(mutex_);
  ++generation_;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto next = std::next(entry);
    if (entry->first.access_key_id == access_key_id) remove(entry);
    entry = next;
  }
}

size_t SigningKeyCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace coffer::wire
