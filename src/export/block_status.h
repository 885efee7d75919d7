// SPDX-License-Identifier: Apache-2.0
// What a device says about a range, in the terms of NBD's metadata contexts (docs/format/nbd.md): a list of
// descriptors for each context that the client selected, all from one walk over the device's extents.
#pragma once
#include <array>
#include <span>
#include <string_view>

#include "export/nbd_export.h"

namespace coffer::exporting {

struct MetaContext {
  uint32_t id;  // ours, as the protocol leaves it to the server
  std::string_view name;
  bool NbdSession::*selected;
  uint32_t (*value)(const volume::BlockDevice::Extent& extent);
};
extern const std::array<MetaContext, 2> kMetaContexts;

class BlockStatus {
 public:
  static constexpr size_t kMostDescriptors = 1024;  // of one context
  struct Descriptor {
    uint32_t length, value;
  };

  // Walks from `offset` on over at most `length` bytes, until every selected context has `most` descriptors
  // (kMostDescriptors at most). Each list may end before the range does, and at another place than the
  // others.
  Status gather(volume::BlockDevice& device, const NbdSession& session, uint64_t offset, uint32_t length,
                size_t most);
  // Those of kMetaContexts[index]; empty unless it was selected.
  std::span<const Descriptor> descriptors(size_t index) const {
    return {lists_[index].all.data(), lists_[index].used};
  }

 private:
  struct List {
    std::array<Descriptor, kMostDescriptors> all;
    size_t used = 0;
    bool open = false;
  };
  static bool append(List& list, uint32_t length, uint32_t value, size_t most);

  std::array<List, std::tuple_size_v<decltype(kMetaContexts)>> lists_;
};

}  // namespace coffer::exporting
