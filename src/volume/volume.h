// SPDX-License-Identifier: Apache-2.0
// An open volume: a chain of layers (one, for now) as one block device.
//
// Crash rule (docs/format/state-map.md): a flush freezes the states of the writes that completed before its
// data fsync began, and writes them to the durable map only after that fsync. What a flush acknowledged is
// never lost; what was not flushed is old or new per 512-byte unit.
//
// A flush that the operating system refused is final: from then on writes and flushes fail with kIo (nobody
// can know which of the unflushed bytes are on the disk), reads go on, and failure() says why. A volume that
// another host, or another open, took over fails the same way with kConflict.
#pragma once
#include <memory>
#include <string>

#include "base/result.h"
#include "format/volume_manifest.h"
#include "volume/block_device.h"
#include "volume/flush_gate.h"
#include "volume/layer.h"
#include "volume/range_lock.h"

namespace coffer::volume {

class Volume final : public BlockDevice {
 public:
  Volume(format::VolumeManifest manifest, std::unique_ptr<Layer> layer);
  // Does not flush: whoever detaches flushes first and sees the error. Wipes the keys.
  ~Volume() override;

  const std::string& id() const { return manifest_.volume_id; }
  bool encrypted() const { return manifest_.layers.front().wrapped_key.has_value(); }
  uint64_t size() const override { return manifest_.size_bytes; }
  std::string failure() const;  // why it takes no more writes; empty while all is well

  Status read(uint64_t offset, MutableByteView out) override;
  bool gains_from_batches() const override { return layer_->direct(); }
  void read_batch(std::span<Read> reads) override;  // volume_read_batch.cc
  Status write(uint64_t offset, ByteView data, bool durable) override;
  Status flush() override;
  // Sub-sector edges are kept. Space comes back at the next flush.
  Status discard(uint64_t offset, uint64_t length, bool durable) override;
  Status write_zeroes(uint64_t offset, uint64_t length, bool keep_allocated, bool durable) override;
  Result<Extent> extent(uint64_t offset, uint64_t length) override;

 private:
  // The parts of an operation that lie in one chunk; the caller holds it.
  Status read_sectors(uint64_t first, MutableByteView out);
  Status read_chunk(uint64_t offset, MutableByteView out);
  Status write_chunk(uint64_t offset, ByteView data);
  Status patch_sector(uint64_t offset, ByteView data);
  Status zero_chunk(uint64_t offset, uint64_t length, bool keep_allocated);
  Status make_durable(uint64_t offset, uint64_t length);
  Status check_range(uint64_t offset, uint64_t length) const;

  const format::VolumeManifest manifest_;
  const std::unique_ptr<Layer> layer_;
  RangeLock locks_;
  FlushGate gate_;
};

}  // namespace coffer::volume
