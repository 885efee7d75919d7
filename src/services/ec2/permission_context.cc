// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/permission_context.h"

#include <algorithm>

#include "base/ids.h"
#include "services/arn.h"
#include "services/request_tags.h"

namespace coffer::services::ec2 {
namespace {

namespace api = coffer::ec2;

// Names that differ in case alone are two tags and one condition key: neither hides the other.
void add_resource_tag(const std::string& name, const std::string& value, policy::Context& context) {
  context.add("aws:ResourceTag/" + name, value);
  context.add("ec2:ResourceTag/" + name, value);
}

}  // namespace

std::string text_of(bool value) {
  return value ? "true" : "false";
}

policy::Context region_context(const std::string& region) {
  policy::Context context;
  context.set("ec2:Region", region);
  return context;
}

policy::Context volume_context(const std::string& region, const catalog::Volume& volume) {
  policy::Context context = region_context(region);
  context.set("ec2:VolumeID", volume.id);
  context.set("ec2:AvailabilityZone", volume.availability_zone);
  context.set("ec2:Encrypted", text_of(volume.encrypted));
  context.set("ec2:VolumeType", volume.type);
  context.set("ec2:VolumeSize", std::to_string(volume.size_gib));
  if (volume.iops) context.set("ec2:VolumeIops", std::to_string(*volume.iops));
  if (volume.throughput) context.set("ec2:VolumeThroughput", std::to_string(*volume.throughput));
  if (!volume.snapshot_id.empty())
    context.set("ec2:ParentSnapshot", snapshot_arn(volume.region, volume.snapshot_id));
  for (const auto& [name, value] : volume.tags) add_resource_tag(name, value, context);
  return context;
}

policy::Context snapshot_context(const std::string& region, const catalog::Snapshot& snapshot) {
  policy::Context context = region_context(region);
  context.set("ec2:SnapshotID", snapshot.id);
  context.set("ec2:Encrypted", text_of(snapshot.encrypted));
  context.set("ec2:Owner", snapshot.account);
  context.set("ec2:ParentVolume", volume_arn(snapshot.region, snapshot.account, snapshot.volume_id));
  context.set("ec2:SnapshotTime", iso8601(snapshot.started));
  context.set("ec2:VolumeSize", std::to_string(snapshot.volume_size_gib));
  for (const auto& [name, value] : snapshot.tags) add_resource_tag(name, value, context);
  return context;
}

policy::Context instance_context(const std::string& region, const std::string& instance_id,
                                 const std::optional<catalog::Instance>& host) {
  policy::Context context = region_context(region);
  context.set("ec2:InstanceID", instance_id);
  if (!host) return context;
  context.set("ec2:AvailabilityZone", region + "a");
  context.set("ec2:InstanceType", std::string("m5.metal"));
  context.set("ec2:RootDeviceType", std::string("instance-store"));
  context.set("ec2:EbsOptimized", text_of(true));
  context.set("ec2:Tenancy", std::string("host"));
  add_resource_tag("Name", host->name, context);
  return context;
}

void add_request_tags(const std::vector<api::Tag>& tags, policy::Context& context) {
  for (const auto& tag : tags) {
    const std::string name = tag.key.value_or("");
    if (tag.value)
      add_request_tag(name, *tag.value, context);
    else
      context.add("aws:TagKeys", name);
  }
}

void add_request_tags(const std::optional<std::vector<api::TagSpecification>>& specifications,
                      policy::Context& context) {
  if (!specifications) return;
  for (const auto& specification : *specifications)
    if (specification.tags) add_request_tags(*specification.tags, context);
}

bool has_tags(const std::optional<std::vector<api::TagSpecification>>& specifications) {
  return specifications && std::any_of(specifications->begin(), specifications->end(),
                                       [](const auto& one) { return one.tags && !one.tags->empty(); });
}

}  // namespace coffer::services::ec2
