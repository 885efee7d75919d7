// SPDX-License-Identifier: Apache-2.0
// What is offered to NBD clients: one block device under one name (docs/format/nbd.md).
#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "format/nbd.h"
#include "volume/block_device.h"

namespace coffer::exporting {

struct NbdExport {
  std::string name;         // the volume's id; the empty name means it too
  std::string description;  // for people
  std::shared_ptr<volume::BlockDevice> device;
  bool read_only = false;
};

struct NbdLimits {
  uint32_t clients = 16;                        // at the same time; further ones are closed at once
  std::chrono::milliseconds handshake{10'000};  // a client that has not finished it by then is closed
  std::chrono::milliseconds drain{2'000};       // at stop: for replies that a client is slow to take
};

inline constexpr uint32_t kSmallestBlock = 1;
inline constexpr uint32_t kPreferredBlock = 4096;
inline constexpr uint32_t kLargestPayload = 32 << 20;  // of one read or write
inline constexpr uint32_t kAllocationContext = 1;      // our ids for base:allocation
inline constexpr uint32_t kDepthContext = 2;           // and coffer:depth

// What the handshake settled.
struct NbdSession {
  bool structured = false;
  bool allocation = false;  // base:allocation was selected
  bool depth = false;       // coffer:depth was
};

inline uint16_t transmission_flags(bool read_only, bool structured) {
  using namespace format::nbd;
  return static_cast<uint16_t>(kHasFlags | kSendFlush | kSendFua | kSendTrim | kSendWriteZeroes |
                               kSendFastZero | kCanMultiConn | kSendCache | (read_only ? kReadOnly : 0) |
                               (structured ? kSendDf : 0));
}
inline uint16_t transmission_flags(const NbdExport& served, bool structured) {
  return transmission_flags(served.read_only, structured);
}

}  // namespace coffer::exporting
