// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/volume_types.h"

#include <fmt/format.h>

#include <algorithm>

namespace coffer::services::ec2 {
namespace {

struct VolumeType {
  const char* name;
  uint32_t smallest, largest;             // GiB
  int32_t least_iops = 0, most_iops = 0;  // 0: the caller may not choose
  int32_t iops_per_gib = 0;
  bool iops_required = false;
  int32_t least_throughput = 0, most_throughput = 0;
};

constexpr VolumeType kTypes[] = {
    {"gp2", 1, 16384},
    {"gp3", 1, 65536, 3000, 80000, 500, false, 125, 2000},
    {"io1", 4, 16384, 100, 64000, 50, true},
    {"io2", 4, 65536, 100, 256000, 1000, true},
    {"st1", 125, 16384},
    {"sc1", 125, 16384},
    {"standard", 1, 1024},
};

tl::unexpected<Error> refuse(const char* code, std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), code);
}

Status check_iops(const VolumeType& type, uint32_t size_gib, const std::optional<int32_t>& iops) {
  if (!iops) {
    if (type.iops_required) return refuse("MissingParameter", "The request must contain the parameter iops");
    return {};
  }
  if (type.most_iops == 0)
    return refuse("InvalidParameterCombination",
                  fmt::format("The parameter iops is not supported for {} volumes.", type.name));
  if (*iops < type.least_iops)
    return refuse("InvalidParameterValue",
                  fmt::format("Volume iops of {} is too low; minimum is {}.", *iops, type.least_iops));
  if (*iops > type.most_iops)
    return refuse("InvalidParameterValue",
                  fmt::format("Volume iops of {} is too high; maximum is {}.", *iops, type.most_iops));
  const double ratio = static_cast<double>(*iops) / size_gib;
  // gp3's baseline of 3,000 is free of the ratio.
  if (ratio > type.iops_per_gib && *iops > std::max(type.least_iops, 100))
    return refuse("InvalidParameterValue",
                  fmt::format("Iops to volume size ratio of {:.1f} is too high; maximum is {}", ratio,
                              type.iops_per_gib));
  return {};
}

Status check_throughput(const VolumeType& type, const std::optional<int32_t>& throughput) {
  if (!throughput) return {};
  if (type.most_throughput == 0)
    return refuse("InvalidParameterCombination",
                  fmt::format("The parameter throughput is not supported for {} volumes.", type.name));
  if (*throughput < type.least_throughput)
    return refuse("InvalidParameterValue",
                  fmt::format("Volume throughput of {} MiB/s is too low; minimum is {} MiB/s.", *throughput,
                              type.least_throughput));
  if (*throughput > type.most_throughput)
    return refuse("InvalidParameterValue",
                  fmt::format("Volume throughput of {} MiB/s is too high; maximum is {} MiB/s.", *throughput,
                              type.most_throughput));
  return {};
}

}  // namespace

Result<VolumeShape> check_volume_shape(const std::optional<std::string>& name, int64_t size_gib,
                                       std::optional<int32_t> iops, std::optional<int32_t> throughput) {
  const std::string wanted = name.value_or("gp2");
  const auto* type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                  [&](const VolumeType& candidate) { return candidate.name == wanted; });
  if (type == std::end(kTypes))
    return refuse("UnknownVolumeType",
                  fmt::format("Unsupported volume type '{}' for volume creation.", wanted));
  if (size_gib < type->smallest)
    return refuse("InvalidParameterValue",
                  fmt::format("Volume of {}GiB is too small; minimum is {}GiB.", size_gib, type->smallest));
  if (size_gib > type->largest)
    return refuse("InvalidParameterValue",
                  fmt::format("Volume of {}GiB is too large; maximum is {}GiB.", size_gib, type->largest));
  const auto size = static_cast<uint32_t>(size_gib);
  COFFER_CHECK(check_iops(*type, size, iops));
  COFFER_CHECK(check_throughput(*type, throughput));

  VolumeShape shape{wanted, size, iops, throughput};
  if (wanted == "gp3") {
    shape.iops = iops.value_or(3000);
    shape.throughput = throughput.value_or(125);
  } else if (wanted == "gp2") {
    shape.iops = static_cast<int32_t>(std::clamp<uint32_t>(size * 3, 100, 16000));
  }
  return shape;
}

VolumeLimits volume_limits(const std::string& type, uint32_t size_gib, std::optional<int32_t> iops,
                           std::optional<int32_t> throughput) {
  // Of the disks their burst: 250 and 80 MiB/s for each TiB, up to a maximum.
  const auto of_disk = [&](uint32_t per_tib, uint32_t most) {
    return std::clamp<uint32_t>(per_tib * size_gib / 1024, 1, most);
  };
  uint32_t operations = static_cast<uint32_t>(iops.value_or(0)), mebibytes = 0;
  if (type == "gp3") {
    mebibytes = static_cast<uint32_t>(throughput.value_or(125));
  } else if (type == "gp2") {
    operations = std::max<uint32_t>(operations, 3000);  // bursts to 3,000
    mebibytes = size_gib <= 170 ? 128 : 250;
  } else if (type == "io1") {
    mebibytes = 1000;
  } else if (type == "io2") {
    mebibytes = 4000;
  } else if (type == "st1") {
    operations = 500;
    mebibytes = of_disk(250, 500);
  } else if (type == "sc1") {
    operations = 250;
    mebibytes = of_disk(80, 250);
  } else if (type == "standard") {
    operations = 200;
    mebibytes = 90;
  }
  return {operations, uint64_t{mebibytes} << 20};
}

}  // namespace coffer::services::ec2
