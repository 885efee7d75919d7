// SPDX-License-Identifier: Apache-2.0
// Are times written as the C library writes them?
#include "base/clock.h"

#include <gtest/gtest.h>

#include <ctime>
#include <random>

namespace coffer {
namespace {

std::string by_the_c_library(Timestamp time, const char* format) {
  const time_t seconds = (time.microseconds - (time.microseconds % 1000000 + 1000000) % 1000000) / 1000000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  return std::string(text, strftime(text, sizeof text, format, &parts));
}

TEST(ClockTest, WritesTimesAsTheCLibraryDoes) {
  std::mt19937_64 random(20261122);
  std::uniform_int_distribution<int64_t> any(-30'000'000'000'000'000, 253'402'300'799'999'999);  // to 9999
  for (int i = 0; i < 20'000; ++i) {
    const Timestamp time{i == 0 ? 0 : i == 1 ? -1 : any(random)};
    ASSERT_EQ(iso8601(time), by_the_c_library(time, "%Y-%m-%dT%H:%M:%SZ")) << time.microseconds;
    ASSERT_EQ(basic_iso8601(time), by_the_c_library(time, "%Y%m%dT%H%M%SZ")) << time.microseconds;
  }
}

TEST(ClockTest, WritesMillisecondsAndFarYears) {
  EXPECT_EQ(iso8601_millis({1716633000007999}), "2024-05-25T10:30:00.007Z");
  EXPECT_EQ(iso8601_millis({-1000}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(iso8601({253'402'300'800'000'000}), "10000-01-01T00:00:00Z");
}

}  // namespace
}  // namespace coffer
