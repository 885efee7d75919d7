// SPDX-License-Identifier: Apache-2.0
// One layer: a directly mapped image (sector n at n × 4096), encrypted or not, and its state map. Whole
// sectors only. One object a layer and process, shared by every chain that holds it.
//
// A layer is opened without a key, which gives its states; unlock() gives its contents; take_over() gives the
// right to change it, under a fencing epoch of its own. Sectors named by a call that changes something lie in
// one chunk, which the caller holds exclusively (locks()). Who reads the top layer of a volume holds the
// chunk shared; a layer below changes only by turning absent sectors into what the chain has there anyway,
// and is read without a lock.
#pragma once
#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/xts.h"
#include "format/layer_header.h"
#include "store/store.h"
#include "volume/flush_gate.h"
#include "volume/range_lock.h"
#include "volume/state_map.h"

namespace coffer::volume {

using format::kSectorSize;
inline constexpr uint64_t kSectorsPerChunk = kChunkSize / kSectorSize;

// The files of a layer.
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
  // `header` was read from the map file. The image may be longer than header.size_bytes says: `size_bytes`
  // counts, which is at least that.
  static Result<std::shared_ptr<Layer>> open(LayerFiles files, const format::LayerHeader& header,
                                             uint64_t size_bytes);
  Layer(LayerFiles files, format::LayerHeader header, uint64_t size_bytes, std::unique_ptr<StateMap> map);

  // Before the layer is given to anybody who wants contents. `cipher` fits header().cipher: null for none.
  void unlock(std::unique_ptr<crypto::XtsCipher> cipher);
  bool unlocked() const { return unlocked_; }
  // The header is written under the next epoch, durably: another process that took it over earlier is fenced
  // off. `locks` guards the changes from now on, and `lost` is set when a flush fails. Nothing happens where
  // this object has it already.
  Status take_over(const std::string& host_id, std::shared_ptr<RangeLock> locks,
                   std::shared_ptr<std::atomic<bool>> lost);
  bool writable() const { return locks_ != nullptr; }
  const std::shared_ptr<RangeLock>& locks() const { return locks_; }

  const std::string& id() const { return header_.layer_id; }
  bool encrypted() const { return header_.cipher != format::LayerCipher::kNone; }
  uint64_t size_bytes() const { return map_->sectors() * kSectorSize; }
  uint64_t sectors() const { return map_->sectors(); }

  StateMap::Run run(uint64_t first, uint64_t limit) const { return map_->run(first, limit); }
  Status read_data(uint64_t first, MutableByteView out);  // sectors whose state is data
  // The same for many, in flight at once where the store gains from it (direct()).
  void read_batch(std::span<const SectorsToRead> reads);
  bool direct() const { return files_.data->direct(); }
  Status write_data(uint64_t first, ByteView plaintext);  // on failure the states stay as they were
  // `punch`: give the space of what was data back once that is durable. Sectors that are absent become zero
  // only where `hide` says that something else shows through them; that may fail with kNoSpace.
  Status set_zero(SectorRange range, bool punch, bool hide);
  Status reserve_data(SectorRange range);  // kNoSpace now rather than at a later write
  bool states_durable(SectorRange range) { return map_->durable(range); }
  size_t punches_waiting() { return map_->punches_waiting(); }
  // Of a layer that nobody reads any more there, as another one has it all.
  Status give_back(uint64_t offset, uint64_t length) { return files_.data->discard(offset, length); }

  Status flush(Durability durability) { return gate_.flush(durability); }
  Status check() const { return gate_.check(); }  // may it be written?
  void give_up(Error error) { gate_.give_up(std::move(error)); }
  Status exclude_flushes(const std::function<Status()>& action) { return gate_.exclude(action); }
  // The files are longer now. The caller excludes flushes and holds every chunk exclusively.
  Status grow(LayerFiles files, uint64_t size_bytes);

  // The steps of a flush, called by the gate alone, one flush at a time, in this order.
  Status check_fence();  // kConflict when somebody took the layer over under a newer epoch
  FrozenStates freeze() { return map_->freeze(); }
  Status flush_data();
  Status persist(const FrozenStates& frozen) { return map_->persist(frozen); }
  void punch(const FrozenStates& frozen);
  void settle(const FrozenStates& frozen) { map_->settle(frozen); }
  void note_loss() { *lost_ = true; }  // a flush failed

 private:
  static constexpr size_t kDirectPart = 32 << 10;  // of a large read, where several are in flight at once
  Status read_in_parts(uint64_t first, MutableByteView out);
  // The two ways into the image: where there is data already (perhaps mapped), and anywhere.
  Status overwrite(uint64_t first, ByteView plaintext);
  Status write_image(uint64_t first, ByteView plaintext);
  void punch_chunk(const FrozenStates& frozen, SectorRange range);

  LayerFiles files_;
  format::LayerHeader header_;
  std::unique_ptr<crypto::XtsCipher> cipher_;
  bool unlocked_ = false;
  std::shared_ptr<RangeLock> locks_;  // null: it may not be changed
  std::shared_ptr<std::atomic<bool>> lost_;
  const std::unique_ptr<StateMap> map_;
  FlushGate gate_{*this};
};

}  // namespace coffer::volume
