// SPDX-License-Identifier: Apache-2.0
// Replies that wait to be sent together: headers and the data between them, gathered into one call. Data
// is produced in place, without a copy. For one thread.
#pragma once
#include <array>

#include "export/connection.h"
#include "secret/plaintext_buffer.h"

namespace coffer::exporting {

class SendBatch {
 public:
  // One piece of data; larger replies are sent in several. Fits the second-level cache along with its source.
  static constexpr size_t kLargestPiece = 128 * 1024;
  static constexpr size_t kLargestHeader = 16 * 1024;
  // Data begins on a cache line, which costs the cipher less than an odd address.
  static constexpr size_t kDataAlignment = 64;

  // The connection outlives it.
  explicit SendBatch(Connection& connection)
      : connection_(connection), headers_(kHeaderRoom), data_(kDataRoom) {}

  // Sends what there is if there is no room for this much more. False: the connection is over.
  bool make_room(size_t header_size, size_t data_size = 0);
  // Appends a header; there must be room.
  void add_header(ByteView header);
  // Where the next data goes: write there, add its header, then commit_data of the same size. There must be
  // room.
  MutableByteView next_data(size_t size) { return {data_.data() + data_used_, size}; }
  void commit_data(size_t size);
  void skip_data(size_t size);  // what lies there is not sent

  // Sends everything. False: the connection is over.
  bool send();
  // The same, once enough has come together that waiting for more gains nothing.
  bool send_if_large() { return data_used_ < kLargestPiece || send(); }

 private:
  static constexpr size_t kHeaderRoom = 32 * 1024;
  static constexpr size_t kDataRoom = 2 * kLargestPiece;
  static constexpr size_t kMostVectors = 512;

  void append(uint8_t* at, size_t size);

  Connection& connection_;
  secret::PlaintextBuffer headers_, data_;
  size_t headers_used_ = 0, data_used_ = 0;
  std::array<iovec, kMostVectors> vectors_;
  size_t vectors_used_ = 0;
};

}  // namespace coffer::exporting
