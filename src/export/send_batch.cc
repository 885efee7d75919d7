// SPDX-License-Identifier: Apache-2.0
#include "export/send_batch.h"

#include <cstring>

namespace coffer::exporting {
namespace {

constexpr size_t kDataAlignment = SendBatch::kDataAlignment;

constexpr size_t rounded_up(size_t size) {
  return (size + kDataAlignment - 1) / kDataAlignment * kDataAlignment;
}

}  // namespace

bool SendBatch::make_room(size_t header_size, size_t data_size) {
  const bool room = headers_used_ + header_size <= kHeaderRoom && data_used_ + data_size <= kDataRoom &&
                    vectors_used_ + 2 <= kMostVectors;
  return room || send();
}

void SendBatch::append(uint8_t* at, size_t size) {
  if (vectors_used_ > 0) {
    iovec& last = vectors_[vectors_used_ - 1];
    if (static_cast<uint8_t*>(last.iov_base) + last.iov_len == at) {
      last.iov_len += size;
      return;
    }
  }
  vectors_[vectors_used_++] = {at, size};
}

void SendBatch::add_header(ByteView header) {
  std::memcpy(headers_.data() + headers_used_, header.data(), header.size());
  append(headers_.data() + headers_used_, header.size());
  headers_used_ += header.size();
}

void SendBatch::commit_data(size_t size) {
  append(data_.data() + data_used_, size);
  skip_data(size);
}

void SendBatch::skip_data(size_t size) {
  data_used_ = std::min(rounded_up(data_used_ + size), kDataRoom);
}

bool SendBatch::send() {
  if (vectors_used_ > 0 && !connection_.send({vectors_.data(), vectors_used_})) return false;
  headers_used_ = data_used_ = vectors_used_ = 0;
  return true;
}

}  // namespace coffer::exporting
