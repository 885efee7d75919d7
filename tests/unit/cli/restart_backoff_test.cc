// SPDX-License-Identifier: Apache-2.0
#include "cli/restart_backoff.h"

#include <gtest/gtest.h>

namespace coffer::cli {
namespace {

TEST(RestartBackoff, IsImmediateFirstAndDoublesToItsLimit) {
  RestartBackoff backoff;
  int64_t before = backoff.died(0);
  EXPECT_EQ(before, 0);
  for (int death = 1; death < 100; ++death) {
    const int64_t wait = backoff.died(death);
    EXPECT_GE(wait, before);
    EXPECT_LE(wait, RestartBackoff::kLongestWait);
    before = wait;
  }
  EXPECT_EQ(before, RestartBackoff::kLongestWait);
}

TEST(RestartBackoff, TakesTheCallersLimit) {
  RestartBackoff backoff(RestartBackoff::kFirstWait);
  EXPECT_EQ(backoff.died(0), 0);
  for (int death = 1; death < 20; ++death) EXPECT_EQ(backoff.died(death), RestartBackoff::kFirstWait);
}

TEST(RestartBackoff, ForgivesWhoServedForLong) {
  RestartBackoff backoff;
  for (int death = 0; death < 10; ++death) backoff.died(death);
  backoff.served_since(1000);
  EXPECT_GT(backoff.died(1000 + RestartBackoff::kForgivenAfter - 1), 0);
  backoff.served_since(5000);
  EXPECT_EQ(backoff.died(5000 + RestartBackoff::kForgivenAfter), 0);
}

}  // namespace
}  // namespace coffer::cli
