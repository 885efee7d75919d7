// SPDX-License-Identifier: Apache-2.0
// DescribeRegions and DescribeAvailabilityZones: the installed regions, with the zones a, b and c each.
#include <fmt/format.h>

#include "services/ec2/ec2_service.h"
#include "services/ec2/filters.h"

namespace coffer::services::ec2 {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

Result<api::DescribeRegionsResult> Ec2Service::describe_regions(Call& call,
                                                                const api::DescribeRegionsRequest& request) {
  const auto& installed = call.installation.regions;
  if (request.region_names)
    for (const auto& name : *request.region_names)
      if (!contains(installed, name))
        return fail(ErrorKind::kInvalidArgument, fmt::format("Invalid region provided: {}", name),
                    "InvalidParameterValue");
  api::DescribeRegionsResult response;
  response.regions.emplace();
  for (const auto& name : installed) {
    if (request.region_names && !request.region_names->empty() && !contains(*request.region_names, name))
      continue;
    const std::string endpoint = fmt::format("ec2.{}.amazonaws.com", name);
    COFFER_TRY(wanted, passes(request.filters,
                              [&](const std::string& filter) -> std::optional<std::vector<std::string>> {
                                using Values = std::vector<std::string>;
                                if (filter == "region-name") return Values{name};
                                if (filter == "endpoint") return Values{endpoint};
                                if (filter == "opt-in-status") return Values{"opt-in-not-required"};
                                return std::nullopt;
                              }));
    if (!wanted) continue;
    api::Region region;
    region.region_name = name;
    region.endpoint = endpoint;
    region.opt_in_status = "opt-in-not-required";
    response.regions->push_back(std::move(region));
  }
  return response;
}

Result<api::DescribeAvailabilityZonesResult> Ec2Service::describe_availability_zones(
    Call& call, const api::DescribeAvailabilityZonesRequest& request) {
  api::DescribeAvailabilityZonesResult response;
  response.availability_zones.emplace();
  std::vector<std::string> zones = {call.region + "a", call.region + "b", call.region + "c"};
  if (request.zone_names)
    for (const auto& name : *request.zone_names)
      if (!contains(zones, name))
        return fail(ErrorKind::kInvalidArgument, fmt::format("Invalid availability zone: [{}]", name),
                    "InvalidParameterValue");
  for (const auto& name : zones) {
    if (request.zone_names && !request.zone_names->empty() && !contains(*request.zone_names, name)) continue;
    COFFER_TRY(wanted, passes(request.filters,
                              [&](const std::string& filter) -> std::optional<std::vector<std::string>> {
                                using Values = std::vector<std::string>;
                                if (filter == "zone-name") return Values{name};
                                if (filter == "region-name") return Values{call.region};
                                if (filter == "state") return Values{"available"};
                                if (filter == "zone-type") return Values{"availability-zone"};
                                if (filter == "opt-in-status") return Values{"opt-in-not-required"};
                                return std::nullopt;
                              }));
    if (!wanted) continue;
    api::AvailabilityZone zone;
    zone.zone_name = name;
    zone.zone_id = fmt::format("{}-az{}", call.region, name.back() - 'a' + 1);
    zone.region_name = call.region;
    zone.group_name = call.region;
    zone.network_border_group = call.region;
    zone.zone_type = "availability-zone";
    zone.state = "available";
    zone.opt_in_status = "opt-in-not-required";
    response.availability_zones->push_back(std::move(zone));
  }
  return response;
}

}  // namespace coffer::services::ec2
