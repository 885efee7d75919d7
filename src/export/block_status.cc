// SPDX-License-Identifier: Apache-2.0
#include "export/block_status.h"

#include <algorithm>

namespace coffer::exporting {
namespace {
using Extent = volume::BlockDevice::Extent;

uint32_t allocation(const Extent& extent) {
  return (extent.hole ? format::nbd::kStateHole : 0) | (extent.zero ? format::nbd::kStateZero : 0);
}

uint32_t depth(const Extent& extent) {
  return extent.depth;
}

}  // namespace

const std::array<MetaContext, 2> kMetaContexts{{
    {kAllocationContext, "base:allocation", &NbdSession::allocation, allocation},
    {kDepthContext, "coffer:depth", &NbdSession::depth, depth},
}};

bool BlockStatus::append(List& list, uint32_t length, uint32_t value, size_t most) {
  if (list.used > 0 && list.all[list.used - 1].value == value) {
    list.all[list.used - 1].length += length;
    return true;
  }
  if (list.used == most) return false;
  list.all[list.used++] = {length, value};
  return true;
}

Status BlockStatus::gather(volume::BlockDevice& device, const NbdSession& session, uint64_t offset,
                           uint32_t length, size_t most) {
  for (size_t i = 0; i < lists_.size(); ++i) {
    lists_[i].used = 0;
    lists_[i].open = session.*kMetaContexts[i].selected;
  }
  uint32_t done = 0;
  // Bounded also when every extent joins the one before it.
  for (size_t step = 0; step < 4 * kMostDescriptors && done < length; ++step) {
    const uint32_t left = length - done;
    COFFER_TRY(extent, device.extent(offset + done, left));
    const auto size = static_cast<uint32_t>(std::min<uint64_t>(extent.length, left));
    if (size == 0) return fail(ErrorKind::kIo, "the device reported an extent of no length");
    bool open = false;
    for (size_t i = 0; i < lists_.size(); ++i) {
      List& list = lists_[i];
      list.open = list.open && append(list, size, kMetaContexts[i].value(extent), most);
      open |= list.open;
    }
    if (!open) break;
    done += size;
  }
  return {};
}

}  // namespace coffer::exporting
