// SPDX-License-Identifier: Apache-2.0
// Layer::read_batch: many reads in flight, each decrypted as it arrives, while others still fly.
#include <algorithm>
#include <array>
#include <cstring>

#include "volume/ciphertext_piece.h"
#include "volume/layer.h"

namespace coffer::volume {
namespace {

// Opens what arrived.
class Opener final : public ReadListener {
 public:
  Opener(crypto::XtsCipher* cipher, std::span<const FileRead> images, std::span<const SectorsToRead> reads)
      : cipher_(cipher), images_(images), reads_(reads) {}

  void arrived(size_t index, Status status) override {
    const SectorsToRead& read = reads_[index];
    const MutableByteView image = images_[index].out;
    if (status && cipher_ != nullptr)
      cipher_->decrypt(read.first, kSectorSize, image, read.out);
    else if (status)
      std::memcpy(read.out.data(), image.data(), image.size());
    *read.status = std::move(status);
  }

 private:
  crypto::XtsCipher* const cipher_;
  const std::span<const FileRead> images_;
  const std::span<const SectorsToRead> reads_;
};

}  // namespace

void Layer::read_batch(std::span<const SectorsToRead> reads) {
  std::array<FileRead, kMostReadsAtOnce> images;
  while (!reads.empty()) {
    MutableByteView room = ciphertext_piece();
    size_t count = 0;
    for (; count < reads.size() && count < images.size(); ++count) {
      const size_t size = reads[count].out.size();
      if (size > room.size()) break;
      images[count] = {reads[count].first * kSectorSize, room.first(size)};
      room = room.subspan(size);
    }
    if (count == 0) {  // larger than a piece
      *reads[0].status = read_data(reads[0].first, reads[0].out);
      reads = reads.subspan(1);
      continue;
    }
    const auto together = std::span(images).first(count);
    Opener opener(cipher_.get(), together, reads);
    files_.data->read_many(together, opener);
    reads = reads.subspan(count);
  }
}

// The disk goes on while what arrived is decrypted.
Status Layer::read_in_parts(uint64_t first, MutableByteView out) {
  std::array<SectorsToRead, kCiphertextPiece / kDirectPart> parts;
  std::array<Status, parts.size()> statuses;
  while (!out.empty()) {
    size_t count = 0;
    for (; count < parts.size() && !out.empty(); ++count) {
      const size_t size = std::min(out.size(), kDirectPart);
      parts[count] = {first, out.first(size), &statuses[count]};
      out = out.subspan(size);
      first += size / kSectorSize;
    }
    read_batch(std::span(parts).first(count));
    for (Status& status : std::span(statuses).first(count)) COFFER_CHECK(std::move(status));
  }
  return {};
}

}  // namespace coffer::volume
