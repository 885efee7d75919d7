// SPDX-License-Identifier: Apache-2.0
#include "store/segmented_range.h"

#include <algorithm>
#include <array>

namespace coffer::store {

uint64_t SegmentedRange::segment_bytes(size_t index) const {
  return std::min(segment_size_, size_ - index * segment_size_);
}

template <class Action>
Status SegmentedRange::for_each_piece(uint64_t offset, uint64_t length, Action action) {
  if (offset > size_ || length > size_ - offset)
    return fail(ErrorKind::kInternal, "access past the end of a stored range");
  for (uint64_t done = 0; done < length;) {
    const uint64_t at = offset + done;
    const uint64_t within = at % segment_size_;
    const uint64_t piece = std::min(length - done, segment_size_ - within);
    COFFER_CHECK(action(*segments_[at / segment_size_], within, done, piece));
    done += piece;
  }
  return {};
}

Status SegmentedRange::lengthen() {
  for (size_t i = 0; i < segments_.size(); ++i) {
    COFFER_TRY(actual, segments_[i]->size());
    if (actual < segment_bytes(i)) COFFER_CHECK(segments_[i]->truncate(segment_bytes(i)));
  }
  return {};
}

Status SegmentedRange::check_sizes() {
  for (size_t i = 0; i < segments_.size(); ++i) {
    COFFER_TRY(actual, segments_[i]->size());
    if (actual < segment_bytes(i)) return fail(ErrorKind::kCorrupt, "a file of the volume is too short");
  }
  return {};
}

Status SegmentedRange::read(uint64_t offset, MutableByteView out) {
  return for_each_piece(offset, out.size(), [&](File& file, uint64_t at, uint64_t done, uint64_t length) {
    return file.read(at, out.subspan(done, length));
  });
}

Status SegmentedRange::write(uint64_t offset, ByteView data) {
  return for_each_piece(offset, data.size(), [&](File& file, uint64_t at, uint64_t done, uint64_t length) {
    return file.write(at, data.subspan(done, length));
  });
}

Status SegmentedRange::discard(uint64_t offset, uint64_t length) {
  return for_each_piece(offset, length, [](File& file, uint64_t at, uint64_t, uint64_t piece) {
    return file.punch_hole(at, piece);
  });
}

Status SegmentedRange::reserve(uint64_t offset, uint64_t length) {
  return for_each_piece(offset, length, [](File& file, uint64_t at, uint64_t, uint64_t piece) {
    return file.allocate(at, piece);
  });
}

Status SegmentedRange::flush() {
  for (const auto& segment : segments_) COFFER_CHECK(segment->flush());
  return {};
}

Result<uint64_t> SegmentedRange::next_data(uint64_t offset) {
  for (size_t i = offset / segment_size_; i < segments_.size(); ++i) {
    const uint64_t start = i * segment_size_;
    COFFER_TRY(found, segments_[i]->next_data(offset > start ? offset - start : 0));
    if (found < segment_bytes(i)) return start + found;
  }
  return size_;
}

bool SegmentedRange::direct() const {
  return !segments_.empty() && segments_.front()->direct();
}

void SegmentedRange::read_many(std::span<const FileRead> reads, ReadListener& listener) {
  std::array<FileRead, kMostReadsAtOnce> within;
  const uint64_t segment = reads.empty() ? 0 : reads.front().offset / segment_size_;
  bool one_segment = reads.size() <= within.size() && segment < segments_.size();
  for (size_t i = 0; i < reads.size() && one_segment; ++i) {
    const uint64_t at = reads[i].offset - segment * segment_size_;
    one_segment = reads[i].offset / segment_size_ == segment && at <= segment_bytes(segment) &&
                  reads[i].out.size() <= segment_bytes(segment) - at;
    within[i] = {at, reads[i].out};
  }
  if (one_segment)
    segments_[segment]->read_many(std::span(within).first(reads.size()), listener);
  else
    ByteRange::read_many(reads, listener);
}

// A view ends where its segment does.
ByteView SegmentedRange::mapped(uint64_t offset, uint64_t length) {
  if (offset >= size_) return {};
  const uint64_t within = offset % segment_size_;
  return segments_[offset / segment_size_]->mapped(within, std::min(length, segment_size_ - within));
}

MutableByteView SegmentedRange::mapped_for_writing(uint64_t offset, uint64_t length) {
  if (offset >= size_) return {};
  const uint64_t within = offset % segment_size_;
  return segments_[offset / segment_size_]->mapped_for_writing(within,
                                                               std::min(length, segment_size_ - within));
}

}  // namespace coffer::store
