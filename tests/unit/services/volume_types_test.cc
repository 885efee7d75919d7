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

TEST(VolumeTypes, EachIsAsFastAsItsSettings) {
  const auto limits = [](const char* type, uint32_t size, std::optional<int32_t> iops = {},
                         std::optional<int32_t> throughput = {}) {
    const VolumeLimits found = volume_limits(type, size, iops, throughput);
    return std::pair{found.iops, found.bytes_per_second >> 20};
  };
  using Pair = std::pair<uint32_t, uint64_t>;
  EXPECT_EQ(limits("gp3", 10, 3000, 125), Pair(3000, 125));
  EXPECT_EQ(limits("gp3", 1000, 16000, 1000), Pair(16000, 1000));
  EXPECT_EQ(limits("gp2", 10, 100), Pair(3000, 128));
  EXPECT_EQ(limits("gp2", 2000, 6000), Pair(6000, 250));
  EXPECT_EQ(limits("io1", 100, 5000), Pair(5000, 1000));
  EXPECT_EQ(limits("io2", 100, 5000), Pair(5000, 4000));
  EXPECT_EQ(limits("st1", 1024), Pair(500, 250));
  EXPECT_EQ(limits("st1", 16384), Pair(500, 500));
  EXPECT_EQ(limits("sc1", 125), Pair(250, 9));
  EXPECT_EQ(limits("standard", 1), Pair(200, 90));
}

}  // namespace
}  // namespace coffer::services::ec2
