// SPDX-License-Identifier: Apache-2.0
// One layer: a directly mapped image (sector n at n × 4096), encrypted or not, and its state map. Whole
// sectors only. Sectors named by a call lie in one chunk, which the caller holds (range_lock.h): shared for
// reading, exclusive for changing. The flush's steps are called by one flush at a time, in the order in which
// they stand here.
#pragma once
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/xts.h"
#include "format/layer_header.h"
#include "store/store.h"
#include "volume/range_lock.h"
#include "volume/state_map.h"

namespace coffer::volume {

using format::kSectorSize;

// The files of a layer in its volume's folder.
struct LayerFiles {
  std::unique_ptr<store::ByteRange> data;
  std::unique_ptr<store::ByteRange> map;  // header and state map
};

struct SectorsToRead {
  uint64_t first = 0;
  MutableByteView out;
  Status* status = nullptr;  // how it went
};

class Layer {
 public:
  // Writes the header of a new, empty layer, durably.
  static Status format_new(store::ByteRange& map, const format::LayerHeader& header);
  static Result<format::LayerHeader> read_header(store::ByteRange& map);
  // Takes the layer over under header.epoch: the header is written and flushed. `cipher` is null for a layer
  // that is not encrypted.
  static Result<std::unique_ptr<Layer>> open(LayerFiles files, const format::LayerHeader& header,
                                             std::unique_ptr<crypto::XtsCipher> cipher);

  StateMap::Run run(uint64_t first, uint64_t limit) const { return map_->run(first, limit); }
  Status read_data(uint64_t first, MutableByteView out);  // sectors whose state is data
  // The same for many, in flight at once where the store gains from it (direct()).
  void read_batch(std::span<const SectorsToRead> reads);
  bool direct() const { return files_.data->direct(); }
  Status write_data(uint64_t first, ByteView plaintext);  // on failure the states stay as they were
  // Only sectors whose state is data change. `punch`: give their space back once that is durable.
  void set_zero(SectorRange range, bool punch);
  Status reserve_data(SectorRange range);  // kNoSpace now rather than at a later write
  bool states_durable(SectorRange range) { return map_->durable(range); }
  size_t punches_waiting() { return map_->punches_waiting(); }

  // The steps of a flush.
  Status check_fence();  // kConflict when somebody opened the layer under a newer epoch
  FrozenStates freeze() { return map_->freeze(); }
  Status flush_data();
  Status persist(const FrozenStates& frozen) { return map_->persist(frozen); }
  void punch(const FrozenStates& frozen, RangeLock& locks);
  void settle(const FrozenStates& frozen) { map_->settle(frozen); }

 private:
  Layer(LayerFiles files, format::LayerHeader header, std::unique_ptr<crypto::XtsCipher> cipher,
        std::unique_ptr<StateMap> map);
  // The two ways into the image: where there is data already (perhaps mapped), and anywhere.
  Status overwrite(uint64_t first, ByteView plaintext);
  Status write_image(uint64_t first, ByteView plaintext);
  void punch_chunk(const FrozenStates& frozen, SectorRange range);

  const LayerFiles files_;
  const format::LayerHeader header_;
  const std::unique_ptr<crypto::XtsCipher> cipher_;
  const std::unique_ptr<StateMap> map_;
};

}  // namespace coffer::volume
