// SPDX-License-Identifier: Apache-2.0
#include "export/receive_buffer.h"

#include <cstring>

namespace coffer::exporting {

void ReceiveBuffer::consume(size_t size) {
  begin_ += size;
  if (begin_ == end_) begin_ = end_ = 0;
}

bool ReceiveBuffer::fill(size_t size, Wait wait) {
  if (size > buffer_.size()) return false;
  if (begin_ + size > buffer_.size()) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ - begin_ < size) {
    const MutableByteView room(buffer_.data() + end_, buffer_.size() - end_);
    std::optional<size_t> received;
    const bool awake = wait == Wait::kBrieflyAwake &&
                       polling_.poll([&] { return (received = connection_.receive_now(room)).has_value(); });
    const size_t got = awake ? *received : connection_.receive(room);
    if (got == 0) return false;
    end_ += got;
  }
  return true;
}

}  // namespace coffer::exporting
