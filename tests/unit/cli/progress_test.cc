// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <gtest/gtest.h>

namespace coffer::cli {
namespace {

TEST(ProgressBar, FillsWithThePercentage) {
  EXPECT_EQ(progress_bar(0, 10), "[..........]");
  EXPECT_EQ(progress_bar(57, 10), "[#####.....]");
  EXPECT_EQ(progress_bar(100, 10), "[##########]");
  EXPECT_EQ(progress_bar(-5, 4), "[....]");
  EXPECT_EQ(progress_bar(400, 4), "[####]");
}

// Standard error is no terminal here.
TEST(Progress, WritesPlainLinesWhereThereIsNoTerminal) {
  testing::internal::CaptureStderr();
  Progress progress("copying");
  for (const int percent : {0, 3, 9, 11, 19, 57}) progress.show(percent, "");
  progress.show(57, "waiting: key");
  progress.show(57, "waiting: key");
  progress.end();
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "copying 0%\ncopying 11%\ncopying 57%\ncopying 57% (waiting: key)\n");
}

}  // namespace
}  // namespace coffer::cli
