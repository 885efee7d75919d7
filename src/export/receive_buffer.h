// SPDX-License-Identifier: Apache-2.0
// What a client has sent and nobody has looked at yet. One large receive brings many requests; payloads are
// used where they lie. For one thread.
#pragma once
#include "export/brief_polling.h"
#include "export/connection.h"
#include "secret/plaintext_buffer.h"

namespace coffer::exporting {

class ReceiveBuffer {
 public:
  // The connection outlives it.
  ReceiveBuffer(Connection& connection, size_t capacity) : connection_(connection), buffer_(capacity) {}

  ByteView available() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void consume(size_t size);
  // Waits until `size` bytes (at most the capacity) are available. False: the connection is over, or its
  // deadline has passed. Views handed out before are invalid afterwards.
  enum class Wait { kAsleep, kBrieflyAwake /* at first: more is likely to come at once */ };
  bool fill(size_t size, Wait wait = Wait::kAsleep);

 private:
  Connection& connection_;
  secret::PlaintextBuffer buffer_;  // what clients write, in the clear
  size_t begin_ = 0, end_ = 0;
  BriefPolling polling_;
};

}  // namespace coffer::exporting
