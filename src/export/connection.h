// SPDX-License-Identifier: Apache-2.0
// One client's stream of bytes: what ReceiveBuffer receives from and SendBatch sends to. One call moves many
// requests or replies, so that what a kind of stream costs is paid per batch. For one thread.
#pragma once
#include <sys/uio.h>

#include <chrono>
#include <optional>
#include <span>

#include "base/bytes.h"

namespace coffer::exporting {

class Connection {
 public:
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;

  virtual ~Connection() = default;
  // Waits for bytes and returns how many were put into `into`, which is not empty. 0: the connection is over,
  // or the deadline has passed.
  virtual size_t receive(MutableByteView into) = 0;
  // The same without waiting: nothing when no bytes are there yet, or when this kind of stream cannot tell.
  virtual std::optional<size_t> receive_now(MutableByteView /*into*/) { return std::nullopt; }
  // Whether bytes that were sent wait for the client to read them; false when this kind of stream cannot
  // tell.
  virtual bool peer_has_unread() { return false; }
  // Sends all of it, in order; the vectors are spent afterwards. False: the connection is over, or the
  // deadline has passed.
  virtual bool send(std::span<iovec> vectors) = 0;

  // Waiting ends at `deadline`; without one it does not.
  void set_deadline(Deadline deadline) { deadline_ = deadline; }

 protected:
  const Deadline& deadline() const { return deadline_; }

 private:
  Deadline deadline_;
};

}  // namespace coffer::exporting
