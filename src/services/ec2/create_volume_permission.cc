// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/create_volume_permission.h"

#include "services/arn.h"
#include "services/ec2/permission_context.h"
#include "services/ec2/permissions.h"
#include "services/ec2/snapshot_lookup.h"
#include "services/ec2/volume_types.h"

namespace coffer::services::ec2 {
namespace {

namespace api = coffer::ec2;

// Whatever is wrong with the snapshot is for the handler to say.
std::optional<catalog::Snapshot> source_of(Call& call, const api::CreateVolumeRequest& request) {
  if (!request.snapshot_id || request.snapshot_id->empty()) return std::nullopt;
  auto found = find_snapshot(call, *request.snapshot_id);
  if (!found) return std::nullopt;
  return std::move(*found);
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
  policy::Context context = region_context(call.region);
  context.set("ec2:AvailabilityZone", request.availability_zone);
  context.set("ec2:Encrypted", text_of(will_be_encrypted(request, source)));
  add_shape(request, source, context);
  if (request.kms_key_id) context.set("ec2:KmsKeyId", *request.kms_key_id);
  if (request.snapshot_id && !request.snapshot_id->empty())
    context.set("ec2:ParentSnapshot", snapshot_arn(call.region, *request.snapshot_id));
  add_request_tags(request.tag_specifications, context);
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
                                 .resource = snapshot_arn(call.region, source->id),
                                 .resource_account = source->account,
                                 .context = snapshot_context(call.region, *source)}));
  if (!has_tags(request.tag_specifications)) return {};
  return authorise_new_tags(call, volume, volume_keys(call, request, source));
}

}  // namespace coffer::services::ec2
