// SPDX-License-Identifier: Apache-2.0
#include "volume/owner_index.h"

#include <algorithm>
#include <atomic>

namespace coffer::volume {
namespace {

using format::kSectorsPerMapPage;
constexpr uint64_t kPageBytes = kSectorsPerMapPage * sizeof(uint16_t);

std::atomic<uint64_t> bytes_in_use{0};

OwnerIndex::Owner run_in(const uint16_t* owners, uint64_t first, uint64_t limit) {
  const uint64_t within = first % kSectorsPerMapPage;
  const uint16_t* const begin = owners + within;
  const uint16_t* const end = begin + std::min(limit, kSectorsPerMapPage - within);
  const uint16_t owner = *begin;
  const auto* const stop = std::find_if(begin, end, [owner](uint16_t other) { return other != owner; });
  return {owner, static_cast<uint64_t>(stop - begin)};
}

}  // namespace

OwnerIndex::~OwnerIndex() {
  bytes_in_use -= pages_.size() * kPageBytes;
}

OwnerIndex::Owner OwnerIndex::find(uint64_t first, uint64_t limit) {
  const uint64_t page = first / kSectorsPerMapPage;
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = pages_.find(page); found != pages_.end())
      return run_in(found->second.get(), first, limit);
  }
  Page made = make_page(page);
  const Owner owner = run_in(made.get(), first, limit);
  const std::unique_lock lock(mutex_);
  if (bytes_in_use >= kMostBytes) {
    bytes_in_use -= pages_.size() * kPageBytes;
    pages_.clear();
  }
  if (pages_.emplace(page, std::move(made)).second) bytes_in_use += kPageBytes;
  return owner;
}

OwnerIndex::Page OwnerIndex::make_page(uint64_t page) const {
  Page owners(new uint16_t[kSectorsPerMapPage]);
  std::fill_n(owners.get(), kSectorsPerMapPage, kNobody);
  for (size_t layer = layers_.size(); layer-- > 0;) overlay(layer, page, owners.get());
  return owners;
}

// What the layer says of its sectors hides what is below it.
void OwnerIndex::overlay(size_t layer, uint64_t page, uint16_t* owners) const {
  const uint64_t first = page * kSectorsPerMapPage;
  const uint64_t end = std::min(first + kSectorsPerMapPage, layers_[layer]->sectors());
  for (uint64_t sector = first; sector < end;) {
    const StateMap::Run run = layers_[layer]->run(sector, end - sector);
    if (run.state != SectorState::kAbsent)
      std::fill_n(owners + (sector - first), run.count,
                  run.state == SectorState::kData ? static_cast<uint16_t>(layer) : kNobody);
    sector += run.count;
  }
}

}  // namespace coffer::volume
