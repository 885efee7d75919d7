// SPDX-License-Identifier: Apache-2.0
// A block device held to so many operations and bytes a second, reads and writes together, as an EBS volume
// is to those of its type. What was not used is saved up for one second at most. Source: Amazon EBS User
// Guide, "Amazon EBS I/O characteristics and monitoring". Unlike EBS, it does not merge small sequential
// operations into one.
#pragma once
#include <chrono>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "volume/block_device.h"

namespace coffer::volume {

struct ThrottleLimits {
  uint64_t operations_per_second = 0;  // 0: as many as it can
  uint64_t bytes_per_second = 0;       // 0: as many as it can
  uint32_t largest_operation = uint32_t{256}
                               << 10;  // bytes; a larger one counts as several. HDD types: 1 MiB
};

// A token bucket that may be overdrawn: whoever takes waits until what was taken up to then is paid for, so
// that requests go in the order in which they came, and one larger than the bucket goes at all. It keeps no
// clock and does not lock: the caller does.
class TokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // A new one is full. `rate` in tokens a second; 0: everything is paid for at once.
  TokenBucket(uint64_t rate, Time now) : rate_(rate), paid_(static_cast<double>(rate)), since_(now) {}
  void set_rate(uint64_t rate, Time now);
  // The ticket to wait with.
  double take(uint64_t tokens, Time now);
  // How long until the ticket is paid for, at the rate of now; 0: it is.
  std::chrono::nanoseconds wait(double ticket, Time now);

 private:
  void pay(Time now);

  uint64_t rate_;
  double paid_, taken_ = 0;  // since the beginning
  Time since_;               // paid_ counts up to here
};

class ThrottledDevice final : public BlockDevice {
 public:
  // `clock` outlives it.
  ThrottledDevice(std::shared_ptr<BlockDevice> device, const ThrottleLimits& limits, Clock& clock);

  // In use, too: requests that wait go on by the new limits. Thread-safe.
  void set_limits(const ThrottleLimits& limits);

  uint64_t size() const override { return device_->size(); }
  Status read(uint64_t offset, MutableByteView out) override;
  Status write(uint64_t offset, ByteView data, bool durable) override;
  // One operation each, of no bytes.
  Status discard(uint64_t offset, uint64_t length, bool durable) override;
  Status write_zeroes(uint64_t offset, uint64_t length, bool keep_allocated, bool durable) override;
  // Not limited.
  Status flush() override { return device_->flush(); }
  Result<Extent> extent(uint64_t offset, uint64_t length) override { return device_->extent(offset, length); }

 private:
  void wait_for(uint64_t bytes);

  const std::shared_ptr<BlockDevice> device_;
  Clock& clock_;
  std::mutex mutex_;
  ThrottleLimits limits_;  // under mutex_, as are the buckets
  TokenBucket operations_, bytes_;
};

}  // namespace coffer::volume
