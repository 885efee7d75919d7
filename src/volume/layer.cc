// SPDX-License-Identifier: Apache-2.0
#include "volume/layer.h"

#include <algorithm>

#include "base/log.h"
#include "volume/ciphertext_piece.h"
#include "volume/mapped_cipher.h"

namespace coffer::volume {

Layer::Layer(LayerFiles files, format::LayerHeader header, uint64_t size_bytes, std::unique_ptr<StateMap> map)
    : files_(std::move(files)), header_(std::move(header)), map_(std::move(map)) {
  header_.size_bytes = size_bytes;
}

Status Layer::format_new(store::ByteRange& map, const format::LayerHeader& header) {
  COFFER_CHECK(map.write(0, format::write_layer_header(header)));
  return map.flush();
}

Result<format::LayerHeader> Layer::read_header(store::ByteRange& map) {
  Bytes bytes(format::kLayerHeaderSize);
  COFFER_CHECK(map.read(0, bytes));
  return format::parse_layer_header(bytes);
}

Result<std::shared_ptr<Layer>> Layer::open(LayerFiles files, const format::LayerHeader& header,
                                           uint64_t size_bytes) {
  COFFER_TRY(map, StateMap::load(*files.map, size_bytes / kSectorSize));
  return std::make_shared<Layer>(std::move(files), header, size_bytes, std::move(map));
}

void Layer::unlock(std::unique_ptr<crypto::XtsCipher> cipher) {
  cipher_ = std::move(cipher);
  unlocked_ = true;
}

Status Layer::take_over(const std::string& host_id, std::shared_ptr<RangeLock> locks,
                        std::shared_ptr<std::atomic<bool>> lost) {
  if (writable()) return {};
  // Read anew: the object may have been opened long ago for its states alone.
  COFFER_TRY(header, read_header(*files_.map));
  header.size_bytes = header_.size_bytes;
  header.host_id = host_id;
  ++header.epoch;
  COFFER_CHECK(format_new(*files_.map, header));
  header_ = std::move(header);
  lost_ = std::move(lost);
  locks_ = std::move(locks);
  return {};
}

Status Layer::grow(LayerFiles files, uint64_t size_bytes) {
  COFFER_CHECK(map_->grow(*files.map, size_bytes / kSectorSize));
  files_ = std::move(files);
  header_.size_bytes = size_bytes;
  return {};
}

Status Layer::read_data(uint64_t first, MutableByteView out) {
  if (direct() && out.size() > kDirectPart) return read_in_parts(first, out);
  const bool try_mapped = can_use_mapped(cipher_.get());
  for (size_t done = 0; done < out.size();) {
    const uint64_t sector = first + done / kSectorSize;
    MutableByteView piece = out.subspan(done, std::min(kCiphertextPiece, out.size() - done));
    const ByteView image = try_mapped ? files_.data->mapped(sector * kSectorSize, piece.size()) : ByteView();
    if (!image.empty()) {
      piece = piece.first(image.size());
      COFFER_CHECK(read_mapped(cipher_.get(), sector, image, piece));
    } else if (cipher_) {
      const MutableByteView ciphertext = ciphertext_piece().first(piece.size());
      COFFER_CHECK(files_.data->read(sector * kSectorSize, ciphertext));
      cipher_->decrypt(sector, kSectorSize, ciphertext, piece);
    } else {
      COFFER_CHECK(files_.data->read(sector * kSectorSize, piece));
    }
    done += piece.size();
  }
  return {};
}

Status Layer::write_data(uint64_t first, ByteView plaintext) {
  const uint64_t count = plaintext.size() / kSectorSize;
  // Before anything is accepted: a flush must not be the one to find the disk full.
  COFFER_CHECK(map_->reserve(first, count));
  for (uint64_t done = 0; done < count;) {
    const StateMap::Run run = map_->run(first + done, count - done);
    const ByteView part = plaintext.subspan(done * kSectorSize, run.count * kSectorSize);
    // Only what is data already has its space.
    COFFER_CHECK(run.state == SectorState::kData ? overwrite(first + done, part)
                                                 : write_image(first + done, part));
    done += run.count;
  }
  // Only now: a flush that freezes this state begins its data fsync later than the writes above.
  map_->set({first, count}, SectorState::kData);
  return {};
}

Status Layer::overwrite(uint64_t first, ByteView plaintext) {
  const bool try_mapped = can_use_mapped(cipher_.get());
  while (!plaintext.empty()) {
    const MutableByteView image = try_mapped
                                      ? files_.data->mapped_for_writing(first * kSectorSize, plaintext.size())
                                      : MutableByteView();
    if (image.empty()) return write_image(first, plaintext);
    COFFER_CHECK(write_mapped(cipher_.get(), first, plaintext.first(image.size()), image));
    plaintext = plaintext.subspan(image.size());
    first += image.size() / kSectorSize;
  }
  return {};
}

Status Layer::write_image(uint64_t first, ByteView plaintext) {
  if (!cipher_) return files_.data->write(first * kSectorSize, plaintext);
  for (size_t done = 0; done < plaintext.size();) {
    const ByteView piece = plaintext.subspan(done, std::min(kCiphertextPiece, plaintext.size() - done));
    const uint64_t sector = first + done / kSectorSize;
    const MutableByteView ciphertext = ciphertext_piece().first(piece.size());
    cipher_->encrypt(sector, kSectorSize, piece, ciphertext);
    COFFER_CHECK(files_.data->write(sector * kSectorSize, ciphertext));
    done += piece.size();
  }
  return {};
}

Status Layer::set_zero(SectorRange range, bool punch, bool hide) {
  const uint64_t end = range.first + range.count;
  for (uint64_t sector = range.first; sector < end;) {
    const StateMap::Run run = map_->run(sector, end - sector);
    if (run.state == SectorState::kData) {
      map_->set({sector, run.count}, SectorState::kZero, punch);
    } else if (run.state == SectorState::kAbsent && hide) {
      COFFER_CHECK(map_->reserve(sector, run.count));
      map_->set({sector, run.count}, SectorState::kZero);
    }
    sector += run.count;
  }
  return {};
}

Status Layer::reserve_data(SectorRange range) {
  COFFER_CHECK(map_->reserve(range.first, range.count));
  return files_.data->reserve(range.first * kSectorSize, range.count * kSectorSize);
}

Status Layer::check_fence() {
  COFFER_TRY(header, read_header(*files_.map));
  if (header.epoch == header_.epoch && header.host_id == header_.host_id) return {};
  return fail(ErrorKind::kConflict,
              fmt::format("the volume was opened by host {} under epoch {}, which ended epoch {} of host {}",
                          header.host_id, header.epoch, header_.epoch, header_.host_id));
}

Status Layer::flush_data() {
  return files_.data->flush();
}

void Layer::punch(const FrozenStates& frozen) {
  for (const SectorRange& range : frozen.punches) {
    const uint64_t end = range.first + range.count;
    for (uint64_t sector = range.first; sector < end;) {
      const uint64_t count = std::min(end - sector, kSectorsPerChunk - sector % kSectorsPerChunk);
      const auto lock = locks_->exclude(sector * kSectorSize);
      punch_chunk(frozen, {sector, count});
      sector += count;
    }
  }
}

// A sector's space goes only if it is zero in both: durable, or a crash would turn its contents into what a
// hole decrypts to; and live, or data written since would be gone.
void Layer::punch_chunk(const FrozenStates& frozen, SectorRange range) {
  const auto may_go = [&](uint64_t sector) {
    return map_->state(sector) == SectorState::kZero &&
           StateMap::frozen_state(frozen, sector) == SectorState::kZero;
  };
  const uint64_t end = range.first + range.count;
  for (uint64_t sector = range.first; sector < end;) {
    uint64_t stop = sector;
    while (stop < end && may_go(stop)) ++stop;
    if (stop == sector) {
      ++sector;
      continue;
    }
    // Space that does not come back is no fault of the data: say it and go on.
    if (const Status status = files_.data->discard(sector * kSectorSize, (stop - sector) * kSectorSize);
        !status)
      log_warning("layer {}: space of discarded sectors is not returned: {}", header_.layer_id,
                  status.error().message);
    sector = stop;
  }
}

}  // namespace coffer::volume
