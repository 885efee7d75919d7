// SPDX-License-Identifier: Apache-2.0
// Does polling end, and does it become rare where it does not pay?
#include "export/brief_polling.h"

#include <gtest/gtest.h>

namespace coffer::exporting {
namespace {

// The waits, out of `waits` in a row in which nothing comes, that were polled at all.
int polled_waits(BriefPolling& polling, int waits) {
  int polled = 0;
  for (int i = 0; i < waits; ++i) {
    bool asked = false;
    EXPECT_FALSE(polling.poll([&] {
      asked = true;
      return false;
    }));
    polled += asked;
  }
  return polled;
}

TEST(BriefPolling, BecomesRareWhereNothingComes) {
  BriefPolling polling;
  EXPECT_EQ(polled_waits(polling, 1), 1);
  // After 1, 2, 4 … 256 skipped waits, then after each 256.
  EXPECT_EQ(polled_waits(polling, 511 + 9), 9);
  EXPECT_LE(polled_waits(polling, 10'000), 10'000 / 256 + 1);
}

TEST(BriefPolling, ComesBackWhenItPays) {
  BriefPolling polling;
  polled_waits(polling, 1000);
  int waits = 0;
  while (!polling.poll([] { return true; })) ASSERT_LE(++waits, 256);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(polling.poll([] { return true; }));
}

TEST(BriefPolling, EndsByItself) {
  BriefPolling polling;
  uint64_t attempts = 0;
  EXPECT_FALSE(polling.poll([&] {
    ++attempts;
    return false;
  }));
  EXPECT_GE(attempts, 1u);
}

}  // namespace
}  // namespace coffer::exporting
