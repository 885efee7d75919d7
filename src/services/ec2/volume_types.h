// SPDX-License-Identifier: Apache-2.0
// What each EBS volume type allows. Sizes in GiB, throughput in MiB/s.
// Source: Amazon EBS User Guide, "Amazon EBS volume types"; EC2 API Reference, CreateVolume.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace coffer::services::ec2 {

struct VolumeShape {
  std::string type;
  uint32_t size_gib = 0;
  std::optional<int32_t> iops, throughput;  // filled in with the type's own where it has them
};

// Checks what CreateVolume asks for and fills in defaults; EC2's errors otherwise.
Result<VolumeShape> check_volume_shape(const std::optional<std::string>& type, int64_t size_gib,
                                       std::optional<int32_t> iops, std::optional<int32_t> throughput);

// How fast a volume of that type may be. Bursts are not counted: what is named is the most it may reach.
struct VolumeLimits {
  uint32_t iops = 0;
  uint64_t bytes_per_second = 0;
};
VolumeLimits volume_limits(const std::string& type, uint32_t size_gib, std::optional<int32_t> iops,
                           std::optional<int32_t> throughput);

}  // namespace coffer::services::ec2
