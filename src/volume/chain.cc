// SPDX-License-Identifier: Apache-2.0
#include "volume/chain.h"

#include <algorithm>
#include <cstring>

namespace coffer::volume {
namespace {

// Up to this many layers it is faster to ask each.
constexpr size_t kShortChain = 3;

std::unique_ptr<OwnerIndex> make_index(const std::vector<std::shared_ptr<Layer>>& layers) {
  if (layers.size() <= kShortChain) return nullptr;
  return std::make_unique<OwnerIndex>(std::vector(layers.begin() + 1, layers.end()));
}

}  // namespace

Chain::Chain(std::vector<std::shared_ptr<Layer>> layers)
    : layers_(std::move(layers)), below_(make_index(layers_)) {}

std::shared_ptr<const Chain> Chain::on_top_of(const Chain& below, std::shared_ptr<Layer> top) {
  std::vector<std::shared_ptr<Layer>> layers = below.layers();
  layers.insert(layers.begin(), std::move(top));
  return std::make_shared<const Chain>(std::move(layers));
}

Chain::Found Chain::find(uint64_t first, uint64_t limit) const {
  const StateMap::Run run = top().run(first, limit);
  if (run.state == SectorState::kData) return {&top(), run.count, 1};
  if (run.state == SectorState::kZero || layers_.size() == 1) return {nullptr, run.count, 0};
  return find_below(first, run.count);
}

Chain::Found Chain::find_below(uint64_t first, uint64_t limit) const {
  if (below_) {
    const OwnerIndex::Owner owner = below_->find(first, limit);
    if (owner.layer == OwnerIndex::kNobody) return {nullptr, owner.count, 0};
    return {layers_[owner.layer + size_t{1}].get(), owner.count, owner.layer + uint32_t{2}};
  }
  for (size_t i = 1; i < layers_.size(); ++i) {
    // A volume may have grown since: no layer is longer than the one above it.
    const uint64_t sectors = layers_[i]->sectors();
    if (first >= sectors) break;
    const StateMap::Run run = layers_[i]->run(first, std::min(limit, sectors - first));
    if (run.state == SectorState::kData) return {layers_[i].get(), run.count, static_cast<uint32_t>(i + 1)};
    limit = run.count;
    if (run.state == SectorState::kZero) break;
  }
  return {nullptr, limit, 0};
}

Status Chain::read(uint64_t first, MutableByteView out) const {
  while (!out.empty()) {
    const Found found = find(first, out.size() / kSectorSize);
    const MutableByteView part = out.first(found.count * kSectorSize);
    if (found.layer != nullptr)
      COFFER_CHECK(found.layer->read_data(first, part));
    else
      std::memset(part.data(), 0, part.size());
    first += found.count;
    out = out.subspan(part.size());
  }
  return {};
}

}  // namespace coffer::volume
