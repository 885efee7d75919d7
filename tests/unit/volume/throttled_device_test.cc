// SPDX-License-Identifier: Apache-2.0
// Does a throttled device give what its limits allow, no more and no less, also while they change?
#include "volume/throttled_device.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/memory_device.h"

namespace coffer::volume {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Time passes only by sleeping.
class SimulatedClock final : public Clock {
 public:
  Timestamp now() const override { return {}; }
  std::chrono::steady_clock::time_point steady_now() const override {
    return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(nanoseconds_.load()));
  }
  void sleep_for(std::chrono::nanoseconds time) override {
    nanoseconds_ += time.count();
    ++sleeps;
    if (on_sleep) on_sleep();
  }
  double elapsed() const { return static_cast<double>(nanoseconds_.load()) / 1e9; }

  std::atomic<int> sleeps = 0;
  std::function<void()> on_sleep;

 private:
  std::atomic<int64_t> nanoseconds_ = 0;
};

class ThrottledDeviceTest : public ::testing::Test {
 protected:
  std::unique_ptr<ThrottledDevice> throttled(const ThrottleLimits& limits) {
    return std::make_unique<ThrottledDevice>(memory_, limits, clock_);
  }
  // Seconds that `count` reads of `size` bytes take.
  double read(ThrottledDevice& device, int count, size_t size) {
    const double before = clock_.elapsed();
    Bytes out(size);
    for (int i = 0; i < count; ++i) EXPECT_TRUE(device.read(0, out));
    return clock_.elapsed() - before;
  }

  std::shared_ptr<testing::MemoryDevice> memory_ = std::make_shared<testing::MemoryDevice>(8 << 20);
  SimulatedClock clock_;
};

TEST_F(ThrottledDeviceTest, WithoutLimitsNothingWaits) {
  const auto device = throttled({});
  EXPECT_EQ(read(*device, 10'000, 4096), 0);
  EXPECT_EQ(clock_.sleeps, 0);
  EXPECT_EQ(memory_->reads, 10'000);
}

TEST_F(ThrottledDeviceTest, OneSecondOfOperationsIsABurstAndTheRestIsPaced) {
  const auto device = throttled({.operations_per_second = 100});
  EXPECT_EQ(read(*device, 100, 4096), 0);
  EXPECT_NEAR(read(*device, 1000, 4096), 10, 0.01);
  clock_.sleep_for(seconds(3600));  // an hour of rest saves up no more than a second's worth
  EXPECT_EQ(read(*device, 100, 4096), 0);
  EXPECT_NEAR(read(*device, 100, 4096), 1, 0.01);
}

TEST_F(ThrottledDeviceTest, BytesAreCountedToo) {
  const auto device = throttled({.bytes_per_second = 1 << 20});
  EXPECT_EQ(read(*device, 16, 64 << 10), 0);
  EXPECT_NEAR(read(*device, 160, 64 << 10), 10, 0.01);
}

TEST_F(ThrottledDeviceTest, TheTighterLimitDecides) {
  const auto device = throttled({.operations_per_second = 1000, .bytes_per_second = 1 << 20});
  read(*device, 1000, 1024);
  EXPECT_NEAR(read(*device, 1000, 512), 1, 0.01);         // 1000 operations, half of the bytes
  EXPECT_NEAR(read(*device, 100, 128 << 10), 12.5, 0.6);  // the bytes; half a second's were saved up
}

TEST_F(ThrottledDeviceTest, LargeRequestsCountAsSeveralOperations) {
  const auto device = throttled({.operations_per_second = 4});
  EXPECT_EQ(read(*device, 1, 1024 << 10), 0);            // four
  EXPECT_NEAR(read(*device, 1, 256 << 10), 0.25, 0.01);  // one
  EXPECT_NEAR(read(*device, 1, (256 << 10) + 1), 0.5, 0.01);
  device->set_limits({.operations_per_second = 4, .largest_operation = 1 << 20});
  EXPECT_NEAR(read(*device, 1, 1024 << 10), 0.25, 0.01);
}

TEST_F(ThrottledDeviceTest, ARequestLargerThanTheBurstGoes) {
  const auto device = throttled({.bytes_per_second = 1024});
  EXPECT_NEAR(read(*device, 1, 10 << 10), 9, 0.01);
}

TEST_F(ThrottledDeviceTest, ReadsWritesAndDiscardsShareOneBucketAndFlushesAreFree) {
  const auto device = throttled({.operations_per_second = 3});
  EXPECT_TRUE(device->write(0, Bytes(512), true));
  EXPECT_TRUE(device->discard(0, 4096, false));
  EXPECT_TRUE(device->write_zeroes(0, 4096, true, false));
  EXPECT_EQ(clock_.elapsed(), 0);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(device->flush());
  EXPECT_TRUE(device->extent(0, 4096));
  EXPECT_EQ(clock_.elapsed(), 0);
  EXPECT_NEAR(read(*device, 1, 4096), 1 / 3.0, 0.01);
  EXPECT_EQ(memory_->durable_writes, 1);
}

TEST_F(ThrottledDeviceTest, AWaitingRequestGoesOnByNewLimits) {
  const auto device = throttled({.bytes_per_second = 1});
  clock_.on_sleep = [&] {
    if (clock_.elapsed() < 1) return;
    clock_.on_sleep = nullptr;
    device->set_limits({.bytes_per_second = 1 << 20});
  };
  EXPECT_NEAR(read(*device, 1, 1 << 20), 2, 0.1);  // a million seconds by the old ones
  clock_.on_sleep = [&] { device->set_limits({}); };
  device->set_limits({.bytes_per_second = 1});
  EXPECT_LT(read(*device, 1, 1 << 20), 0.1);
}

TEST_F(ThrottledDeviceTest, ANewLimitCountsNothingOfTheTimeWithout) {
  const auto device = throttled({});
  read(*device, 1000, 64 << 10);
  device->set_limits({.operations_per_second = 100});
  EXPECT_NEAR(read(*device, 200, 4096), 2, 0.01);
}

TEST_F(ThrottledDeviceTest, AnErrorOfTheDeviceIsPassedOn) {
  const auto device = throttled({.operations_per_second = 10});
  memory_->fail_at(0, ErrorKind::kNoSpace);
  EXPECT_EQ(device->write(0, Bytes(10), false).error().kind, ErrorKind::kNoSpace);
}

// With the real clock: threads together get the limit, and none is left waiting.
TEST(ThrottledDeviceThreads, ShareTheLimit) {
  ThrottledDevice device(std::make_shared<testing::MemoryDevice>(1 << 20), {.operations_per_second = 400},
                         system_clock());
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&device] {
      Bytes out(512);
      for (int round = 0; round < 130; ++round) EXPECT_TRUE(device.read(0, out));
    });
  for (auto& thread : threads) thread.join();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(295));  // 520 - 400 of them paced
}

}  // namespace
}  // namespace coffer::volume
