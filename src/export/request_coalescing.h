// SPDX-License-Identifier: Apache-2.0
// Lets requests come together before they are received, as network cards coalesce interrupts. A server that
// is faster than its client otherwise receives and answers every request by itself, and spends most of its
// time in system calls. It pauses only while answers wait for the client to read them, so that the client has
// work meanwhile; where the client came to their end during a pause, pauses are left out for a while. For one
// thread.
#pragma once
#include <cstdint>

#include "export/attempt_backoff.h"
#include "export/connection.h"

namespace coffer::exporting {

class RequestCoalescing {
 public:
  // The connection outlives it.
  explicit RequestCoalescing(Connection& connection) : connection_(connection) {}

  // A request, of so many bytes of data, was received.
  void count(uint32_t bytes) {
    ++requests_;
    bytes_ += bytes;
  }
  // Everything received has been answered and the answers are sent: perhaps pauses, and begins a new round.
  // Returns how many requests the round had.
  uint32_t end_round();

 private:
  bool worth_a_pause() const;
  void pause();

  Connection& connection_;
  uint32_t requests_ = 0;
  uint64_t bytes_ = 0;
  AttemptBackoff backoff_;
};

}  // namespace coffer::exporting
