// SPDX-License-Identifier: Apache-2.0
// One connection of the crash tests: random operations on windows of a volume that are its own, and the
// oracle of what must be in them.
#pragma once
#include <random>
#include <string>
#include <vector>

#include "tests/unit/volume/expected_contents.h"
#include "tests/unit/volume/simulated_disk.h"
#include "tests/unit/volume/test_volume.h"

namespace coffer::volume {

struct Window {
  uint64_t offset = 0, length = 0;  // multiples of 4096
};

class CrashClient {
 public:
  CrashClient(uint64_t seed, SimulatedDisk& disk, std::vector<Window> windows)
      : random_(seed), disk_(disk), windows_(std::move(windows)) {}

  void use(BlockDevice* device) { device_ = device; }
  const std::string& failure() const { return failure_; }

  void operate() {
    switch (random_() % 16) {
      case 0:
      case 1:
        return flush();
      case 2:
        return read();
      default:
        return change();
    }
  }

  // Anything but a flush or a durable write: what may go on while another connection flushes.
  void change_meanwhile() { change(false); }

  // After a restart. `durable`: nothing else than what is there now may be there later.
  bool check_after_crash(bool durable) {
    for (const Window& window : windows_) {
      Bytes got(window.length);
      if (!require(device_->read(window.offset, got)) ||
          !require(expected_.check_after_crash(window.offset, got)))
        return false;
      expected_.observe(window.offset, got, durable);
    }
    return true;
  }

 private:
  bool require(const Status& status) {
    if (!status && failure_.empty()) failure_ = status.error().message;
    return failure_.empty();
  }
  bool require(const std::string& wrong) {
    if (failure_.empty()) failure_ = wrong;
    return failure_.empty();
  }
  // An operation may fail only because the power is off.
  bool succeeded(const Status& status) {
    if (!status && !disk_.power_is_off()) require(status);
    return status.has_value();
  }

  Window any_range() {
    const Window& window = windows_[random_() % windows_.size()];
    uint64_t offset = random_() % window.length,
             length = 1 + random_() % std::min<uint64_t>(20000, window.length);
    if (random_() % 2 == 0) offset &= ~uint64_t{4095}, length = (length + 4095) & ~uint64_t{4095};
    return {window.offset + offset, std::min(length, window.length - offset)};
  }

  void change(bool may_be_durable = true) {
    const Window range = any_range();
    const bool durable = may_be_durable && random_() % 8 == 0;
    switch (random_() % 4) {
      case 0:
        return discard(range, durable);
      case 1:
        return write_zeroes(range, may_be_durable && random_() % 2 == 0, durable);
      default:
        return write(range, durable);
    }
  }

  void write(Window range, bool durable) {
    const Bytes data = random_contents(random_, range.length);
    expected_.write(range.offset, data);
    const auto moment = expected_.now(range.offset, range.length);
    if (succeeded(device_->write(range.offset, data, durable)) && durable) expected_.acknowledge(moment);
  }

  void discard(Window range, bool durable) {
    const uint64_t first = (range.offset + 4095) & ~uint64_t{4095};
    const uint64_t end = std::max(first, (range.offset + range.length) & ~uint64_t{4095});
    expected_.zero(first, end - first);
    const auto moment = expected_.now(first, end - first);
    if (succeeded(device_->discard(range.offset, range.length, durable)) && durable)
      expected_.acknowledge(moment);
  }

  void write_zeroes(Window range, bool keep_allocated, bool durable) {
    // Keeping the space may flush first, and so let other changes in before the zeroes.
    const auto meanwhile = keep_allocated ? std::exchange(disk_.during_flush, nullptr) : nullptr;
    expected_.zero(range.offset, range.length);
    const auto moment = expected_.now(range.offset, range.length);
    if (succeeded(device_->write_zeroes(range.offset, range.length, keep_allocated, durable)) && durable)
      expected_.acknowledge(moment);
    if (meanwhile) disk_.during_flush = meanwhile;
  }

  void flush() {
    const auto moment = expected_.now();
    if (succeeded(device_->flush())) expected_.acknowledge(moment);
  }

  void read() {
    Window range = any_range();
    range.offset &= ~uint64_t{511};
    Bytes got(std::max<uint64_t>(512, range.length & ~uint64_t{511}));
    if (succeeded(device_->read(range.offset, got))) require(expected_.check_newest(range.offset, got));
  }

  std::mt19937_64 random_;
  SimulatedDisk& disk_;
  const std::vector<Window> windows_;
  BlockDevice* device_ = nullptr;
  ExpectedContents expected_;
  std::string failure_;
};

}  // namespace coffer::volume
