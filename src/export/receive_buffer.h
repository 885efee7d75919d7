// SPDX-License-Identifier: Apache-2.0
// What a client has sent and nobody has looked at yet. One large receive brings many requests; payloads are
// used where they lie. For one thread.
#pragma once
#include <chrono>
#include <optional>

#include "export/page_buffer.h"

namespace coffer::exporting {

class ReceiveBuffer {
 public:
  // Does not own the socket.
  ReceiveBuffer(int socket, size_t capacity) : socket_(socket), buffer_(capacity) {}

  ByteView available() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void consume(size_t size);
  // Waits until `size` bytes (at most the capacity) are available. False: the connection is over, or the
  // deadline has passed. Views handed out before are invalid afterwards.
  bool fill(size_t size);
  // Waiting ends at `deadline`; without one it does not.
  void set_deadline(std::optional<std::chrono::steady_clock::time_point> deadline) { deadline_ = deadline; }

 private:
  bool wait_until_readable() const;

  int socket_;
  PageBuffer buffer_;
  size_t begin_ = 0, end_ = 0;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
};

}  // namespace coffer::exporting
