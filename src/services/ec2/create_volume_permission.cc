// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/create_volume_permission.h"

#include <fmt/format.h>

#include "services/arn.h"
#include "services/ec2/snapshot_lookup.h"
#include "services/ec2/volume_types.h"

namespace coffer::services::ec2 {
namespace {

namespace api = coffer::ec2;

// Snapshots' ARNs name no account at AWS, so policies do not either.
std::string public_snapshot_arn(const Call& call, const std::string& id) {
  return make_arn("ec2", call.region, "", "snapshot/" + id);
}

std::string text_of(bool value) {
  return value ? "true" : "false";
}

// Whatever is wrong with the snapshot is for the handler to say.
std::optional<catalog::Snapshot> source_of(Call& call, const api::CreateVolumeRequest& request) {
  if (!request.snapshot_id || request.snapshot_id->empty()) return std::nullopt;
  auto found = find_snapshot(call, *request.snapshot_id);
  if (!found) return std::nullopt;
  return std::move(*found);
}

void add_request_tags(const api::CreateVolumeRequest& request, policy::Context& context) {
  if (!request.tag_specifications) return;
  for (const auto& specification : *request.tag_specifications)
    for (const auto& tag : specification.tags.value_or(std::vector<api::Tag>())) {
      context.set("aws:RequestTag/" + tag.key.value_or(""), tag.value.value_or(""));
      context.add("aws:TagKeys", tag.key.value_or(""));
    }
}

bool has_tags(const api::CreateVolumeRequest& request) {
  policy::Context context;
  add_request_tags(request, context);
  return !context.entries().empty();
}

// With what the type gives of itself where the request says nothing.
void add_shape(const api::CreateVolumeRequest& request, const std::optional<catalog::Snapshot>& source,
               policy::Context& context) {
  VolumeShape shape{request.volume_type.value_or("gp2"), 0, request.iops, request.throughput};
  std::optional<int64_t> size;
  if (source) size = source->volume_size_gib;
  if (request.size) size = *request.size;
  if (size)
    if (auto checked = check_volume_shape(request.volume_type, *size, request.iops, request.throughput))
      shape = std::move(*checked);
  context.set("ec2:VolumeType", shape.type);
  if (size) context.set("ec2:VolumeSize", std::to_string(*size));
  if (shape.iops) context.set("ec2:VolumeIops", std::to_string(*shape.iops));
  if (shape.throughput) context.set("ec2:VolumeThroughput", std::to_string(*shape.throughput));
}

policy::Context volume_keys(const Call& call, const api::CreateVolumeRequest& request,
                            const std::optional<catalog::Snapshot>& source) {
  policy::Context context;
  context.set("ec2:Region", call.region);
  context.set("ec2:AvailabilityZone", request.availability_zone);
  context.set("ec2:Encrypted", text_of(will_be_encrypted(request, source)));
  add_shape(request, source, context);
  if (request.kms_key_id) context.set("ec2:KmsKeyId", *request.kms_key_id);
  if (request.snapshot_id && !request.snapshot_id->empty())
    context.set("ec2:ParentSnapshot", public_snapshot_arn(call, *request.snapshot_id));
  add_request_tags(request, context);
  return context;
}

policy::Context snapshot_keys(const Call& call, const catalog::Snapshot& source) {
  policy::Context context;
  context.set("ec2:Region", call.region);
  context.set("ec2:SnapshotID", source.id);
  context.set("ec2:Encrypted", text_of(source.encrypted));
  context.set("ec2:Owner", source.account);
  context.set("ec2:ParentVolume", volume_arn(source.region, source.account, source.volume_id));
  context.set("ec2:SnapshotTime", iso8601(source.started));
  context.set("ec2:VolumeSize", std::to_string(source.volume_size_gib));
  for (const auto& [name, value] : source.tags) {
    context.set("aws:ResourceTag/" + name, value);
    context.set("ec2:ResourceTag/" + name, value);
  }
  return context;
}

}  // namespace

bool will_be_encrypted(const api::CreateVolumeRequest& request,
                       const std::optional<catalog::Snapshot>& source) {
  return request.encrypted.value_or(false) || (source && source->encrypted);
}

Status authorise_create_volume(Call& call, const api::CreateVolumeRequest& request) {
  const auto source = source_of(call, request);
  const std::string volume = volume_arn(call.region, call.account, "*");
  COFFER_CHECK(call.authorise(
      {.action = "ec2:CreateVolume", .resource = volume, .context = volume_keys(call, request, source)}));
  if (source)
    COFFER_CHECK(call.authorise({.action = "ec2:CreateVolume",
                                 .resource = public_snapshot_arn(call, source->id),
                                 .resource_account = source->account,
                                 .context = snapshot_keys(call, *source)}));
  if (!has_tags(request)) return {};
  auto tag_keys = volume_keys(call, request, source);
  tag_keys.set("ec2:CreateAction", std::string("CreateVolume"));
  return call.authorise({.action = "ec2:CreateTags", .resource = volume, .context = std::move(tag_keys)});
}

}  // namespace coffer::services::ec2
