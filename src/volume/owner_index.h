// SPDX-License-Identifier: Apache-2.0
// Which of a long chain's layers holds a sector, without asking each: for every stretch of 64 MiB that is
// looked at, one number a sector. Made from the layers' state maps at the first look, dropped when all
// indexes together have grown too large, and made again: it is memory only. Right as long as the layers'
// chain stays what it is: a layer below the top changes only by taking over what the chain has there, and
// what it took it from stays readable until the chain is replaced (volume.h), index and all. Thread-safe.
#pragma once
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "volume/layer.h"

namespace coffer::volume {

class OwnerIndex {
 public:
  static constexpr uint16_t kNobody = 0xffff;
  static constexpr size_t kMostLayers = 4096;
  static constexpr uint64_t kMostBytes = 256 << 20;  // of all indexes of the process

  // `layers`: nearest first; at most kMostLayers.
  explicit OwnerIndex(std::vector<std::shared_ptr<Layer>> layers) : layers_(std::move(layers)) {}
  ~OwnerIndex();

  struct Owner {
    uint16_t layer = kNobody;  // its place among the layers; nobody: zero
    uint64_t count = 0;
  };
  // The run of one owner from `first` on, at most `limit` (> 0) long.
  Owner find(uint64_t first, uint64_t limit);

 private:
  using Page = std::unique_ptr<uint16_t[]>;
  Page make_page(uint64_t page) const;
  void overlay(size_t layer, uint64_t page, uint16_t* owners) const;

  const std::vector<std::shared_ptr<Layer>> layers_;
  std::shared_mutex mutex_;
  std::unordered_map<uint64_t, Page> pages_;  // under mutex_
};

}  // namespace coffer::volume
