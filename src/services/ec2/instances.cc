// SPDX-License-Identifier: Apache-2.0
// DescribeInstances: the hosts that volumes attach to. A host serves every zone of every installed region, so
// that it is shown in the zone "a" of the region that is asked.
#include "services/ec2/ec2_service.h"
#include "services/ec2/filters.h"
#include "services/ec2/instance_lookup.h"

namespace coffer::services::ec2 {
namespace {

api::Instance to_api(const Call& call, const catalog::Instance& host,
                     const std::vector<catalog::Attachment>& attachments) {
  api::Instance shown;
  shown.instance_id = host.id;
  shown.instance_type = "m5.metal";
  shown.launch_time = host.created;
  shown.architecture = "x86_64";
  shown.root_device_name = "/dev/sda1";
  shown.root_device_type = "instance-store";
  shown.virtualization_type = "hvm";
  shown.ebs_optimized = true;
  shown.state.emplace();
  shown.state->code = 16;
  shown.state->name = "running";
  shown.placement.emplace();
  shown.placement->availability_zone = call.region + "a";
  shown.placement->tenancy = "host";
  shown.block_device_mappings.emplace();
  for (const auto& attachment : attachments) {
    if (attachment.instance_id != host.id) continue;
    api::InstanceBlockDeviceMapping mapping;
    mapping.device_name = attachment.device;
    mapping.ebs.emplace();
    mapping.ebs->attach_time = attachment.attached;
    mapping.ebs->delete_on_termination = attachment.delete_on_termination;
    mapping.ebs->status = attachment.state;
    mapping.ebs->volume_id = attachment.volume_id;
    shown.block_device_mappings->push_back(std::move(mapping));
  }
  shown.tags.emplace();
  api::Tag name;
  name.key = "Name";
  name.value = host.name;
  shown.tags->push_back(std::move(name));
  return shown;
}

std::optional<std::vector<std::string>> filter_values(const Call& call, const catalog::Instance& host,
                                                      const std::string& name) {
  using Values = std::vector<std::string>;
  if (name == "instance-id") return Values{host.id};
  if (name == "instance-state-name") return Values{"running"};
  if (name == "instance-state-code") return Values{"16"};
  if (name == "availability-zone") return Values{call.region + "a"};
  if (name == "architecture") return Values{"x86_64"};
  if (name == "instance-type") return Values{"m5.metal"};
  if (name == "tag-key") return Values{"Name"};
  if (name == "tag:Name") return Values{host.name};
  if (name.starts_with("tag:")) return Values{};
  return std::nullopt;
}

struct Hosts {
  std::vector<catalog::Instance> hosts;
  std::vector<catalog::Attachment> attachments;  // of this account and region
};
Result<Hosts> read_hosts(Call& call) {
  Hosts read;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(hosts, transaction.instances());
    read.hosts = std::move(hosts);
    COFFER_TRY(attachments, transaction.attachments());
    for (auto& attachment : attachments)
      if (attachment.account == call.account && attachment.region == call.region)
        read.attachments.push_back(std::move(attachment));
    return {};
  }));
  return read;
}

}  // namespace

Result<api::DescribeInstancesResult> Ec2Service::describe_instances(
    Call& call, const api::DescribeInstancesRequest& request) {
  COFFER_TRY(known, read_hosts(call));
  if (request.instance_ids) {
    for (const auto& id : *request.instance_ids) {
      COFFER_CHECK(check_instance_id(id));
      const bool exists = std::any_of(known.hosts.begin(), known.hosts.end(),
                                      [&](const auto& host) { return host.id == id; });
      if (!exists) return instance_not_found(id);
    }
  }
  api::DescribeInstancesResult response;
  response.reservations.emplace();
  for (const auto& host : known.hosts) {
    const auto& ids = request.instance_ids;
    if (ids && !ids->empty() && std::find(ids->begin(), ids->end(), host.id) == ids->end()) continue;
    COFFER_TRY(wanted, passes(request.filters,
                              [&](const std::string& name) { return filter_values(call, host, name); }));
    if (!wanted) continue;
    api::Reservation reservation;
    reservation.owner_id = call.account;
    reservation.reservation_id = "r-" + host.id.substr(2);
    reservation.instances = std::vector<api::Instance>{to_api(call, host, known.attachments)};
    response.reservations->push_back(std::move(reservation));
  }
  return response;
}

}  // namespace coffer::services::ec2
