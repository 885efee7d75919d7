// SPDX-License-Identifier: Apache-2.0
// The device-mapper table of a chain of layers, by which the Linux kernel alone opens a volume or a snapshot:
// `crypt`, `linear` and `zero` lines (docs/format/opening-a-volume.md; the kernel's Documentation,
// admin-guide/device-mapper). The same table as docs/format/dm_table.py prints. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "format/manifest.h"

namespace coffer::format {

inline constexpr uint64_t kDataFileSize = uint64_t{8} << 40;  // a layer's data is cut in files of this size

constexpr uint64_t data_file_count(uint64_t size_bytes) {
  return (size_bytes + kDataFileSize - 1) / kDataFileSize;
}

struct DmTableLayer {
  LayerRecord record;
  std::vector<std::string> devices;  // over its data files, data_file_count() of them
};

class DmTable {
 public:
  // The top layer first, at least one; a layer is not longer than the one above it.
  explicit DmTable(std::vector<DmTableLayer> layers) : layers_(std::move(layers)) {}

  // What each layer's state map says in this page; empty: a hole, or past the layer's end. Pages ascend;
  // those left out are zero. kCorrupt for a page that is not valid.
  Status add_page(uint64_t page, const std::vector<ByteView>& states);
  // All lines, up to the volume's end. Keys are named ":64:logon:coffer:LAYER", in the kernel's keyring.
  std::string finish();

 private:
  static constexpr uint16_t kNobody = 0xffff;

  uint64_t sectors(size_t layer) const { return layers_[layer].record.size_bytes / kSectorSize; }
  void add_run(uint64_t count, uint16_t owner);
  void end_run();
  void write_data(uint64_t first, uint64_t count, const DmTableLayer& layer);

  const std::vector<DmTableLayer> layers_;
  uint64_t end_ = 0;          // of the run that grows
  uint64_t run_ = 0;          // its length
  uint16_t owner_ = kNobody;  // whose data it is; nobody's: zero
  std::string text_;
};

}  // namespace coffer::format
