// SPDX-License-Identifier: Apache-2.0
// A chain of layers, the top one first: what a sector reads as. Never changes; a volume whose chain changes
// gets another one. Thread-safe.
#pragma once
#include <memory>
#include <vector>

#include "volume/layer.h"
#include "volume/owner_index.h"

namespace coffer::volume {

class Chain {
 public:
  // At least one layer, at most OwnerIndex::kMostLayers.
  explicit Chain(std::vector<std::shared_ptr<Layer>> layers);

  // `below` with one more layer on top.
  static std::shared_ptr<const Chain> on_top_of(const Chain& below, std::shared_ptr<Layer> top);

  Layer& top() const { return *layers_.front(); }
  const std::vector<std::shared_ptr<Layer>>& layers() const { return layers_; }

  struct Found {
    Layer* layer = nullptr;  // that holds the data; null: reads as zero
    uint64_t count = 0;
    uint32_t depth = 0;  // 1: the top layer; 0 where nothing is
  };
  // The run of sectors from `first` on, at most `limit` (> 0) long, that one layer holds.
  Found find(uint64_t first, uint64_t limit) const;
  // Whole sectors' plaintext.
  Status read(uint64_t first, MutableByteView out) const;

 private:
  Found find_below(uint64_t first, uint64_t limit) const;

  const std::vector<std::shared_ptr<Layer>> layers_;
  const std::unique_ptr<OwnerIndex> below_;  // of all but the top; null for a short chain
};

}  // namespace coffer::volume
