// SPDX-License-Identifier: Apache-2.0
#include "volume/throttled_device.h"

#include <algorithm>

namespace coffer::volume {
namespace {

using std::chrono::nanoseconds;

// A wait is looked at again after this long, as the limits may have changed.
constexpr nanoseconds kLongestSleep = std::chrono::milliseconds(50);
constexpr double kBurstSeconds = 1;

}  // namespace

void TokenBucket::pay(Time now) {
  const double elapsed = std::chrono::duration<double>(std::max(now, since_) - since_).count();
  since_ = std::max(now, since_);
  const auto rate = static_cast<double>(rate_);
  paid_ = std::min(paid_ + elapsed * rate, taken_ + kBurstSeconds * rate);
}

void TokenBucket::set_rate(uint64_t rate, Time now) {
  pay(now);
  if (rate_ == 0) paid_ = taken_;  // nothing was counted while there was no limit
  rate_ = rate;
  pay(now);  // what was saved up is cut to the new burst
}

double TokenBucket::take(uint64_t tokens, Time now) {
  pay(now);
  taken_ += static_cast<double>(tokens);
  return taken_;
}

nanoseconds TokenBucket::wait(double ticket, Time now) {
  pay(now);
  if (rate_ == 0 || paid_ >= ticket) return nanoseconds(0);
  const double seconds = (ticket - paid_) / static_cast<double>(rate_);
  // Rounded up, so that the bucket is not asked again too early.
  return nanoseconds(static_cast<int64_t>(std::min(seconds, 1e6) * 1e9) + 1);
}

ThrottledDevice::ThrottledDevice(std::shared_ptr<BlockDevice> device, const ThrottleLimits& limits,
                                 Clock& clock)
    : device_(std::move(device)),
      clock_(clock),
      limits_(limits),
      operations_(limits.operations_per_second, clock.steady_now()),
      bytes_(limits.bytes_per_second, clock.steady_now()) {}

void ThrottledDevice::set_limits(const ThrottleLimits& limits) {
  std::lock_guard lock(mutex_);
  const auto now = clock_.steady_now();
  limits_ = limits;
  operations_.set_rate(limits.operations_per_second, now);
  bytes_.set_rate(limits.bytes_per_second, now);
}

void ThrottledDevice::wait_for(uint64_t bytes) {
  std::unique_lock lock(mutex_);
  auto now = clock_.steady_now();
  const uint64_t largest = std::max<uint32_t>(limits_.largest_operation, 1);
  const double operations_ticket =
      operations_.take(std::max<uint64_t>((bytes + largest - 1) / largest, 1), now);
  const double bytes_ticket = bytes_.take(bytes, now);
  for (;;) {
    const nanoseconds wait =
        std::max(operations_.wait(operations_ticket, now), bytes_.wait(bytes_ticket, now));
    if (wait.count() == 0) return;
    lock.unlock();
    clock_.sleep_for(std::min(wait, kLongestSleep));
    lock.lock();
    now = clock_.steady_now();
  }
}

Status ThrottledDevice::read(uint64_t offset, MutableByteView out) {
  wait_for(out.size());
  return device_->read(offset, out);
}

Status ThrottledDevice::write(uint64_t offset, ByteView data, bool durable) {
  wait_for(data.size());
  return device_->write(offset, data, durable);
}

Status ThrottledDevice::discard(uint64_t offset, uint64_t length, bool durable) {
  wait_for(0);
  return device_->discard(offset, length, durable);
}

Status ThrottledDevice::write_zeroes(uint64_t offset, uint64_t length, bool keep_allocated, bool durable) {
  wait_for(0);
  return device_->write_zeroes(offset, length, keep_allocated, durable);
}

}  // namespace coffer::volume
