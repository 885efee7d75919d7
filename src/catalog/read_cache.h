// SPDX-License-Identifier: Apache-2.0
// What was read of the catalog, kept until the catalog changes. A change is seen by everybody who asks after
// its writer was answered: a write moves the generation on before it returns.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "catalog/catalog.h"

namespace coffer::catalog {

// By name, at most `capacity` values; any one of them makes room for the next. Thread-safe; several threads
// may load the same value at once.
template <class Value>
class ReadCache {
 public:
  using Shared = std::shared_ptr<const Value>;
  explicit ReadCache(size_t capacity) : capacity_(capacity) {}

  // `load` reads it from the same catalog and gives Result<Shared>; null (there is no such thing) is not
  // kept.
  template <class Load>
  Result<Shared> get(const Catalog& catalog, const std::string& name, Load load) {
    const uint64_t generation = catalog.generation();  // before anything is read
    {
      const std::lock_guard lock(mutex_);
      if (generation_ == generation)
        if (const auto found = entries_.find(name); found != entries_.end()) return found->second;
    }
    Result<Shared> loaded = load();
    if (loaded && *loaded) keep(generation, name, *loaded);
    return loaded;
  }

 private:
  void keep(uint64_t generation, const std::string& name, const Shared& value) {
    const std::lock_guard lock(mutex_);
    if (generation < generation_) return;  // it may be out of date already
    if (generation > generation_) entries_.clear();
    generation_ = generation;
    if (entries_.size() >= capacity_) entries_.erase(entries_.begin());
    entries_.insert_or_assign(name, value);
  }

  const size_t capacity_;
  std::mutex mutex_;
  uint64_t generation_ = 0;
  std::unordered_map<std::string, Shared> entries_;
};

}  // namespace coffer::catalog
