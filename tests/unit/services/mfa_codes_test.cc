// SPDX-License-Identifier: Apache-2.0
#include "services/mfa_codes.h"

#include <gtest/gtest.h>

namespace coffer::services {
namespace {

TEST(MfaFailures, FiveAreFreeAndEachFurtherOneDoublesTheWait) {
  for (int64_t failures = 0; failures < 5; ++failures) EXPECT_EQ(seconds_deaf(failures), 0);
  EXPECT_EQ(seconds_deaf(5), 60);
  EXPECT_EQ(seconds_deaf(6), 120);
  EXPECT_EQ(seconds_deaf(10), 1920);
}

TEST(MfaFailures, AnHourIsTheLongestWait) {
  EXPECT_EQ(seconds_deaf(11), 3600);
  EXPECT_EQ(seconds_deaf(1'000'000'000), 3600);
}

}  // namespace
}  // namespace coffer::services
