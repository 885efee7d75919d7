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

Volume::Volume(std::string volume_id, std::shared_ptr<const Chain> chain)
    : id_(std::move(volume_id)),
      direct_(chain->top().direct()),
      locks_(chain->top().locks()),
      size_(chain->top().size_bytes()),
      chain_(std::move(chain)) {
  // Written by this process, perhaps under another Volume that never flushed.
  const auto& layers = chain_->layers();
  for (size_t i = layers.size(); i-- > 1;)
    if (layers[i]->writable()) sealed_.push_back(layers[i]);
}

Volume::~Volume() = default;

std::shared_ptr<const Chain> Volume::chain() const {
  const std::lock_guard lock(mutex_);
  return chain_;
}

void Volume::replace_chain(std::shared_ptr<const Chain> chain) {
  const std::lock_guard lock(mutex_);
  if (&chain->top() != &chain_->top()) sealed_.push_back(chain_->layers().front());
  chain_ = std::move(chain);
  size_.store(chain_->top().size_bytes(), std::memory_order_release);
}

void Volume::forget(const std::string& layer_id) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sealed_, [&](const auto& layer) { return layer->id() == layer_id; });
}

Status Volume::check_layers() const {
  const std::lock_guard lock(mutex_);
  for (const auto& layer : sealed_) COFFER_CHECK(layer->check());
  return chain_->top().check();
}

// Without a lock while all is well: every write asks.
Status Volume::check_writable() const {
  return flush_failed_.load(std::memory_order_acquire) ? check_layers() : Status{};
}

std::string Volume::failure() const {
  const Status status = check_layers();
  return status ? std::string() : status.error().message;
}

Status Volume::check_range(uint64_t offset, uint64_t length) const {
  if (offset <= size() && length <= size() - offset) return {};
  return fail(ErrorKind::kInvalidArgument, "the range does not lie within the volume");
}

Status Volume::read(uint64_t offset, MutableByteView out) {
  COFFER_CHECK(check_range(offset, out.size()));
  return for_each_chunk(offset, out.size(), [&](uint64_t at, uint64_t length, uint64_t done) {
    const auto lock = locks_->share(at);
    return read_chunk(at, out.subspan(done, length));
  });
}

Status Volume::read_chunk(uint64_t offset, MutableByteView out) {
  const auto read_part = [&](uint64_t at, MutableByteView part) -> Status {
    SectorBuffer sector;
    COFFER_CHECK(chain_->read(at / kSectorSize, sector.bytes));
    std::memcpy(part.data(), sector.bytes.data() + at % kSectorSize, part.size());
    return {};
  };
  const auto [head, middle, tail] = divide(offset, out.size());
  if (head != 0) COFFER_CHECK(read_part(offset, out.first(head)));
  if (middle != 0) COFFER_CHECK(chain_->read((offset + head) / kSectorSize, out.subspan(head, middle)));
  if (tail != 0) COFFER_CHECK(read_part(offset + head + middle, out.last(tail)));
  return {};
}

Status Volume::write(uint64_t offset, ByteView data, bool durable) {
  COFFER_CHECK(check_range(offset, data.size()));
  COFFER_CHECK(check_writable());
  COFFER_CHECK(
      for_each_chunk(offset, data.size(), [&](uint64_t at, uint64_t length, uint64_t done) -> Status {
        const auto lock = locks_->exclude(at);
        COFFER_CHECK(top().check());  // a job may have flushed it
        return write_chunk(at, data.subspan(done, length));
      }));
  return durable ? make_durable(offset, data.size()) : Status{};
}

Status Volume::write_chunk(uint64_t offset, ByteView data) {
  const auto [head, middle, tail] = divide(offset, data.size());
  if (head != 0) COFFER_CHECK(patch_sector(offset, data.first(head)));
  if (middle != 0) COFFER_CHECK(top().write_data((offset + head) / kSectorSize, data.subspan(head, middle)));
  if (tail != 0) COFFER_CHECK(patch_sector(offset + head + middle, data.last(tail)));
  return {};
}

// Read-modify-write. XTS makes the same ciphertext of the 16-byte blocks that do not change, so a torn write
// of the sector leaves those whatever happens.
Status Volume::patch_sector(uint64_t offset, ByteView data) {
  const uint64_t first = offset / kSectorSize;
  SectorBuffer sector;
  COFFER_CHECK(chain_->read(first, sector.bytes));
  std::memcpy(sector.bytes.data() + offset % kSectorSize, data.data(), data.size());
  return top().write_data(first, sector.bytes);
}

Status Volume::flush() {
  return flush(Durability::kStates);
}

Status Volume::flush(Durability durability) {
  const Status flushed = flush_layers(durability);
  if (!flushed) flush_failed_.store(true, std::memory_order_release);
  return flushed;
}

// A layer that became durable here is struck off: it changes no more.
Status Volume::flush_layers(Durability durability) {
  std::vector<std::shared_ptr<Layer>> sealed;
  std::shared_ptr<Layer> top;
  {
    const std::lock_guard lock(mutex_);
    sealed = sealed_;
    top = chain_->layers().front();
  }
  for (const auto& layer : sealed) COFFER_CHECK(layer->flush(Durability::kStates));
  COFFER_CHECK(top->flush(durability));
  if (sealed.empty()) return {};
  const std::lock_guard lock(mutex_);
  std::erase_if(sealed_, [&](const auto& layer) { return std::ranges::find(sealed, layer) != sealed.end(); });
  return {};
}

// The states of what was written are durable already only if they are the top layer's: what was written
// before the top was replaced is in a sealed layer, or was flushed with it.
Status Volume::make_durable(uint64_t offset, uint64_t length) {
  if (length == 0) return {};
  bool durable = false;
  {
    const std::lock_guard lock(mutex_);
    durable = sealed_.empty() && top().states_durable(sectors_touched(offset, length));
  }
  return flush(durable ? Durability::kData : Durability::kStates);
}

Status Volume::discard(uint64_t offset, uint64_t length, bool durable) {
  COFFER_CHECK(check_range(offset, length));
  COFFER_CHECK(check_writable());
  COFFER_CHECK(for_each_chunk(offset, length, [&](uint64_t at, uint64_t piece, uint64_t) -> Status {
    const auto [head, middle, tail] = divide(at, piece);
    if (middle == 0) return {};
    const auto lock = locks_->exclude(at);
    return discard_chunk({(at + head) / kSectorSize, middle / kSectorSize});
  }));
  // The list of holes to punch is memory: a client that never flushes must not fill it.
  constexpr size_t kMostPunches = 1 << 20;
  if (chain()->top().punches_waiting() > kMostPunches) return flush();
  return durable ? make_durable(offset, length) : Status{};
}

// Only what holds data: what reads as zero needs no state to say so.
Status Volume::discard_chunk(SectorRange range) {
  const uint64_t end = range.first + range.count;
  for (uint64_t sector = range.first; sector < end;) {
    const Chain::Found found = chain_->find(sector, end - sector);
    if (found.layer != nullptr) COFFER_CHECK(top().set_zero({sector, found.count}, true, true));
    sector += found.count;
  }
  return {};
}

Status Volume::write_zeroes(uint64_t offset, uint64_t length, bool keep_allocated, bool durable) {
  COFFER_CHECK(check_range(offset, length));
  COFFER_CHECK(check_writable());
  // An earlier discard may be about to give back the very space that is to be kept.
  if (keep_allocated && chain()->top().punches_waiting() != 0) COFFER_CHECK(flush());
  COFFER_CHECK(for_each_chunk(offset, length, [&](uint64_t at, uint64_t piece, uint64_t) {
    const auto lock = locks_->exclude(at);
    return zero_chunk(at, piece, keep_allocated);
  }));
  return durable ? make_durable(offset, length) : Status{};
}

Status Volume::zero_chunk(uint64_t offset, uint64_t length, bool keep_allocated) {
  static constexpr std::array<uint8_t, kSectorSize> kZeroes{};
  if (keep_allocated) COFFER_CHECK(top().reserve_data(sectors_touched(offset, length)));
  const auto patch = [&](uint64_t at, uint64_t part) -> Status {
    if (chain_->find(at / kSectorSize, 1).layer == nullptr) return {};
    return patch_sector(at, ByteView(kZeroes).first(part));
  };
  const auto [head, middle, tail] = divide(offset, length);
  if (head != 0) COFFER_CHECK(patch(offset, head));
  if (middle != 0) {
    const SectorRange range{(offset + head) / kSectorSize, middle / kSectorSize};
    if (!keep_allocated)
      COFFER_CHECK(discard_chunk(range));
    else
      COFFER_CHECK(top().set_zero(range, false, chain_->layers().size() > 1));
  }
  if (tail != 0) COFFER_CHECK(patch(offset + head + middle, tail));
  return {};
}

Result<BlockDevice::Extent> Volume::extent(uint64_t offset, uint64_t length) {
  COFFER_CHECK(check_range(offset, length));
  if (length == 0) return fail(ErrorKind::kInvalidArgument, "an extent of no length");
  const auto lock = locks_->share(offset);  // any chunk's keeps the chain as it is, and its top as long
  const SectorRange range = sectors_touched(offset, length);
  const uint64_t end = range.first + range.count;
  const uint32_t depth = chain_->find(range.first, 1).depth;
  uint64_t sector = range.first;
  while (sector < end) {
    const Chain::Found found = chain_->find(sector, end - sector);
    if (found.depth != depth) break;
    sector += found.count;
  }
  const uint64_t stop = std::min(sector * kSectorSize, offset + length);
  return Extent{.length = stop - offset, .hole = depth == 0, .zero = depth == 0, .depth = depth};
}

}  // namespace coffer::volume
