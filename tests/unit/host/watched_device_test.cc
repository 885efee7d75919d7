// SPDX-License-Identifier: Apache-2.0
// When does a device that was written to count as left alone, and when as flushed?
#include "host/watched_device.h"

#include <gtest/gtest.h>

namespace coffer::host {
namespace {

class Anything final : public volume::BlockDevice {
 public:
  uint64_t size() const override { return 1 << 20; }
  Status read(uint64_t, MutableByteView) override { return {}; }
  Status write(uint64_t, ByteView, bool) override { return {}; }
  Status flush() override { return {}; }
  Status discard(uint64_t, uint64_t, bool) override { return {}; }
  Status write_zeroes(uint64_t, uint64_t, bool, bool) override { return {}; }
  Result<Extent> extent(uint64_t, uint64_t) override { return Extent{}; }
};

class WatchedDeviceTest : public testing::Test {
 protected:
  WatchedDevice device_{std::make_shared<Anything>()};
};

TEST_F(WatchedDeviceTest, WhatWasWrittenIsLeftAtTheSecondLookAndReportedOnce) {
  EXPECT_FALSE(device_.left_unflushed());
  EXPECT_TRUE(device_.write(0, Bytes(512), false));
  EXPECT_FALSE(device_.left_unflushed());
  EXPECT_TRUE(device_.left_unflushed());
  EXPECT_FALSE(device_.left_unflushed());
}

TEST_F(WatchedDeviceTest, WhoGoesOnWritingIsNotDisturbed) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(device_.discard(0, 4096, false));
    EXPECT_FALSE(device_.left_unflushed());
  }
  EXPECT_TRUE(device_.write_zeroes(0, 4096, false, false));
  EXPECT_FALSE(device_.left_unflushed());
  EXPECT_TRUE(device_.left_unflushed());
}

TEST_F(WatchedDeviceTest, ReadsAndWhatAClientFlushedNeedNoFlush) {
  Bytes out(512);
  EXPECT_TRUE(device_.read(0, out));
  EXPECT_TRUE(device_.write(0, Bytes(512), false));
  EXPECT_TRUE(device_.flush());
  EXPECT_FALSE(device_.left_unflushed());
  EXPECT_FALSE(device_.left_unflushed());
}

}  // namespace
}  // namespace coffer::host
