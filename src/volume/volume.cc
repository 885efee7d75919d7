// SPDX-License-Identifier: Apache-2.0
#include "volume/volume.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "secret/secret_bytes.h"

namespace coffer::volume {
namespace {

// Calls action(offset, length, offset within the operation) for each chunk that an operation touches.
template <class Action>
Status for_each_chunk(uint64_t offset, uint64_t length, Action action) {
  for (uint64_t done = 0; done < length;) {
    const uint64_t at = offset + done;
    const uint64_t piece = std::min(length - done, kChunkSize - at % kChunkSize);
    COFFER_CHECK(action(at, piece, done));
    done += piece;
  }
  return {};
}

// The sectors that a range of bytes touches.
SectorRange sectors_touched(uint64_t offset, uint64_t length) {
  const uint64_t first = offset / kSectorSize;
  return {first, (offset + length + kSectorSize - 1) / kSectorSize - first};
}

// One sector's plaintext for a read-modify-write, wiped after use.
struct SectorBuffer {
  alignas(64) std::array<uint8_t, kSectorSize> bytes;
  ~SectorBuffer() { secret::wipe(MutableByteView(bytes)); }
};

// Where a range of bytes divides: a part of a sector, whole sectors, a part of a sector. Any may be empty.
struct Division {
  uint64_t head, middle, tail;
};
Division divide(uint64_t offset, uint64_t length) {
  const uint64_t head = std::min(length, (kSectorSize - offset % kSectorSize) % kSectorSize);
  const uint64_t tail = (length - head) % kSectorSize;
  return {head, length - head - tail, tail};
}

}  // namespace

Volume::Volume(format::VolumeManifest manifest, std::unique_ptr<Layer> layer)
    : manifest_(std::move(manifest)), layer_(std::move(layer)), gate_(*layer_, locks_) {}

Volume::~Volume() = default;

std::string Volume::failure() const {
  const Status status = gate_.check();
  return status ? std::string() : status.error().message;
}

Status Volume::check_range(uint64_t offset, uint64_t length) const {
  if (offset <= size() && length <= size() - offset) return {};
  return fail(ErrorKind::kInvalidArgument, "the range does not lie within the volume");
}

Status Volume::read(uint64_t offset, MutableByteView out) {
  COFFER_CHECK(check_range(offset, out.size()));
  return for_each_chunk(offset, out.size(), [&](uint64_t at, uint64_t length, uint64_t done) {
    const auto lock = locks_.share(at);
    return read_chunk(at, out.subspan(done, length));
  });
}

Status Volume::read_sectors(uint64_t first, MutableByteView out) {
  while (!out.empty()) {
    const StateMap::Run run = layer_->run(first, out.size() / kSectorSize);
    const MutableByteView part = out.first(run.count * kSectorSize);
    if (run.state == SectorState::kData)
      COFFER_CHECK(layer_->read_data(first, part));
    else
      std::memset(part.data(), 0, part.size());
    first += run.count;
    out = out.subspan(part.size());
  }
  return {};
}

Status Volume::read_chunk(uint64_t offset, MutableByteView out) {
  const auto read_part = [&](uint64_t at, MutableByteView part) -> Status {
    SectorBuffer sector;
    COFFER_CHECK(read_sectors(at / kSectorSize, sector.bytes));
    std::memcpy(part.data(), sector.bytes.data() + at % kSectorSize, part.size());
    return {};
  };
  const auto [head, middle, tail] = divide(offset, out.size());
  if (head != 0) COFFER_CHECK(read_part(offset, out.first(head)));
  if (middle != 0) COFFER_CHECK(read_sectors((offset + head) / kSectorSize, out.subspan(head, middle)));
  if (tail != 0) COFFER_CHECK(read_part(offset + head + middle, out.last(tail)));
  return {};
}

Status Volume::write(uint64_t offset, ByteView data, bool durable) {
  COFFER_CHECK(check_range(offset, data.size()));
  COFFER_CHECK(gate_.check());
  COFFER_CHECK(for_each_chunk(offset, data.size(), [&](uint64_t at, uint64_t length, uint64_t done) {
    const auto lock = locks_.exclude(at);
    return write_chunk(at, data.subspan(done, length));
  }));
  return durable ? make_durable(offset, data.size()) : Status{};
}

Status Volume::write_chunk(uint64_t offset, ByteView data) {
  const auto [head, middle, tail] = divide(offset, data.size());
  if (head != 0) COFFER_CHECK(patch_sector(offset, data.first(head)));
  if (middle != 0)
    COFFER_CHECK(layer_->write_data((offset + head) / kSectorSize, data.subspan(head, middle)));
  if (tail != 0) COFFER_CHECK(patch_sector(offset + head + middle, data.last(tail)));
  return {};
}

// Read-modify-write. XTS makes the same ciphertext of the 16-byte blocks that do not change, so a torn write
// of the sector leaves those whatever happens.
Status Volume::patch_sector(uint64_t offset, ByteView data) {
  const uint64_t first = offset / kSectorSize;
  SectorBuffer sector;
  COFFER_CHECK(read_sectors(first, sector.bytes));
  std::memcpy(sector.bytes.data() + offset % kSectorSize, data.data(), data.size());
  return layer_->write_data(first, sector.bytes);
}

Status Volume::flush() {
  return gate_.flush(Durability::kStates);
}

Status Volume::make_durable(uint64_t offset, uint64_t length) {
  if (length == 0) return {};
  const bool durable = layer_->states_durable(sectors_touched(offset, length));
  return gate_.flush(durable ? Durability::kData : Durability::kStates);
}

Status Volume::discard(uint64_t offset, uint64_t length, bool durable) {
  COFFER_CHECK(check_range(offset, length));
  COFFER_CHECK(gate_.check());
  COFFER_CHECK(for_each_chunk(offset, length, [&](uint64_t at, uint64_t piece, uint64_t) -> Status {
    const auto [head, middle, tail] = divide(at, piece);
    if (middle == 0) return {};
    const auto lock = locks_.exclude(at);
    layer_->set_zero({(at + head) / kSectorSize, middle / kSectorSize}, true);
    return {};
  }));
  // The list of holes to punch is memory: a client that never flushes must not fill it.
  constexpr size_t kMostPunches = 1 << 20;
  if (layer_->punches_waiting() > kMostPunches) return flush();
  return durable ? make_durable(offset, length) : Status{};
}

Status Volume::write_zeroes(uint64_t offset, uint64_t length, bool keep_allocated, bool durable) {
  COFFER_CHECK(check_range(offset, length));
  COFFER_CHECK(gate_.check());
  // An earlier discard may be about to give back the very space that is to be kept.
  if (keep_allocated && layer_->punches_waiting() != 0) COFFER_CHECK(flush());
  COFFER_CHECK(for_each_chunk(offset, length, [&](uint64_t at, uint64_t piece, uint64_t) {
    const auto lock = locks_.exclude(at);
    return zero_chunk(at, piece, keep_allocated);
  }));
  return durable ? make_durable(offset, length) : Status{};
}

Status Volume::zero_chunk(uint64_t offset, uint64_t length, bool keep_allocated) {
  static constexpr std::array<uint8_t, kSectorSize> kZeroes{};
  if (keep_allocated) COFFER_CHECK(layer_->reserve_data(sectors_touched(offset, length)));
  const auto patch = [&](uint64_t at, uint64_t part) -> Status {
    if (layer_->run(at / kSectorSize, 1).state != SectorState::kData) return {};
    return patch_sector(at, ByteView(kZeroes).first(part));
  };
  const auto [head, middle, tail] = divide(offset, length);
  if (head != 0) COFFER_CHECK(patch(offset, head));
  if (middle != 0) layer_->set_zero({(offset + head) / kSectorSize, middle / kSectorSize}, !keep_allocated);
  if (tail != 0) COFFER_CHECK(patch(offset + head + middle, tail));
  return {};
}

Result<BlockDevice::Extent> Volume::extent(uint64_t offset, uint64_t length) {
  COFFER_CHECK(check_range(offset, length));
  if (length == 0) return fail(ErrorKind::kInvalidArgument, "an extent of no length");
  const SectorRange range = sectors_touched(offset, length);
  const uint64_t end = range.first + range.count;
  const bool data = layer_->run(range.first, 1).state == SectorState::kData;
  uint64_t sector = range.first;
  while (sector < end) {
    const StateMap::Run run = layer_->run(sector, end - sector);
    if ((run.state == SectorState::kData) != data) break;
    sector += run.count;
  }
  const uint64_t stop = std::min(sector * kSectorSize, offset + length);
  return Extent{.length = stop - offset, .hole = !data, .zero = !data, .depth = data ? 1u : 0u};
}

}  // namespace coffer::volume
