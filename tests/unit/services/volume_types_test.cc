// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/volume_types.h"

#include <gtest/gtest.h>

namespace coffer::services::ec2 {
namespace {

std::string code_of(const Result<VolumeShape>& result) {
  return result ? "accepted" : result.error().code;
}

TEST(VolumeTypes, Gp3HasItsBaseline) {
  const auto shape = check_volume_shape("gp3", 100, std::nullopt, std::nullopt);
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->iops, 3000);
  EXPECT_EQ(shape->throughput, 125);
}

TEST(VolumeTypes, SizesAreBoundByTheType) {
  EXPECT_EQ(code_of(check_volume_shape("gp3", 1, {}, {})), "accepted");
  EXPECT_EQ(code_of(check_volume_shape("gp3", 0, {}, {})), "InvalidParameterValue");
  EXPECT_EQ(code_of(check_volume_shape("gp3", -5, {}, {})), "InvalidParameterValue");
  EXPECT_EQ(code_of(check_volume_shape("st1", 124, {}, {})), "InvalidParameterValue");
  EXPECT_EQ(code_of(check_volume_shape("standard", 1025, {}, {})), "InvalidParameterValue");
  EXPECT_EQ(code_of(check_volume_shape("floppy", 1, {}, {})), "UnknownVolumeType");
}

TEST(VolumeTypes, IopsMustFitTypeAndSize) {
  EXPECT_EQ(code_of(check_volume_shape("io1", 100, {}, {})), "MissingParameter");
  EXPECT_EQ(code_of(check_volume_shape("io1", 100, 5000, {})), "accepted");
  EXPECT_EQ(code_of(check_volume_shape("io1", 100, 5001, {})), "InvalidParameterValue");
  EXPECT_EQ(code_of(check_volume_shape("gp2", 100, 300, {})), "InvalidParameterCombination");
  EXPECT_EQ(code_of(check_volume_shape("gp3", 1, 3000, {})), "accepted");
  EXPECT_EQ(code_of(check_volume_shape("gp3", 1, 2999, {})), "InvalidParameterValue");
}

TEST(VolumeTypes, ThroughputIsGp3s) {
  EXPECT_EQ(code_of(check_volume_shape("gp3", 100, {}, 250)), "accepted");
  EXPECT_EQ(code_of(check_volume_shape("gp3", 100, {}, 124)), "InvalidParameterValue");
  EXPECT_EQ(code_of(check_volume_shape("io2", 100, 1000, 250)), "InvalidParameterCombination");
}

}  // namespace
}  // namespace coffer::services::ec2
