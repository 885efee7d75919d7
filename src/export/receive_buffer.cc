// SPDX-License-Identifier: Apache-2.0
#include "export/receive_buffer.h"

#include <cstring>

namespace coffer::exporting {

void ReceiveBuffer::consume(size_t size) {
  begin_ += size;
  if (begin_ == end_) begin_ = end_ = 0;
}

bool ReceiveBuffer::fill(size_t size) {
  if (size > buffer_.size()) return false;
  if (begin_ + size > buffer_.size()) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ - begin_ < size) {
    const size_t got = connection_.receive({buffer_.data() + end_, buffer_.size() - end_});
    if (got == 0) return false;
    end_ += got;
  }
  return true;
}

}  // namespace coffer::exporting
