// SPDX-License-Identifier: Apache-2.0
// May the caller make these snapshots? Asked on what they are made of, on the snapshot that is to be, which
// has no name yet, and for its tags.
#include <algorithm>

#include "services/arn.h"
#include "services/ec2/permission_context.h"
#include "services/ec2/permissions.h"
#include "services/ec2/snapshot_lookup.h"
#include "services/ec2/volume_lookup.h"
#include "services/request_tags.h"

namespace coffer::services::ec2 {
namespace {

namespace api = coffer::ec2;

using Specifications = std::optional<std::vector<api::TagSpecification>>;

Status authorise_new_snapshot(Call& call, policy::Context context, bool tagged) {
  const std::string arn = snapshot_arn(call.region, "*");
  COFFER_CHECK(call.authorise({.action = "ec2:" + call.operation,
                               .resource = arn,
                               .resource_account = call.account,
                               .context = context}));
  if (!tagged) return {};
  return authorise_new_tags(call, arn, std::move(context));
}

Result<std::optional<catalog::Volume>> volume_named(Call& call, const std::string& id) {
  auto found = find_volume(call, id);
  if (found) return std::optional(std::move(found->volume));
  if (found.error().kind == ErrorKind::kNotFound || found.error().kind == ErrorKind::kInvalidArgument)
    return std::optional<catalog::Volume>();
  return tl::unexpected(std::move(found.error()));
}

// Then it is that tag that the snapshot gets, not the volume's.
bool names_tag(const Specifications& specifications, const std::string& name) {
  if (!specifications) return false;
  return std::ranges::any_of(*specifications, [&](const api::TagSpecification& one) {
    return one.tags && std::ranges::find(*one.tags, name, &api::Tag::key) != one.tags->end();
  });
}

// `copied`: the volume's tags become the snapshot's.
Status authorise_snapshot_of(Call& call, const std::string& volume_id, const Specifications& specifications,
                             bool copied) {
  COFFER_CHECK(authorise_on_volume(call, "ec2:" + call.operation, volume_id));
  COFFER_TRY(volume, volume_named(call, volume_id));
  policy::Context context = region_context(call.region);
  context.set("ec2:ParentVolume", volume_arn(call.region, call.account, volume_id));
  if (volume) context.set("ec2:VolumeSize", std::to_string(volume->size_gib));
  bool tagged = has_tags(specifications);
  if (volume && copied)
    for (const auto& [name, value] : volume->tags) {
      if (!names_tag(specifications, name)) add_request_tag(name, value, context);
      tagged = true;
    }
  add_request_tags(specifications, context);
  return authorise_new_snapshot(call, std::move(context), tagged);
}

Result<std::vector<std::string>> attached_volumes(Call& call, const api::InstanceSpecification& instance) {
  const auto excluded = instance.exclude_data_volume_ids.value_or(std::vector<std::string>());
  std::vector<std::string> volume_ids;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(all, transaction.attachments());
    for (const auto& each : all)
      if (each.account == call.account && each.region == call.region &&
          each.instance_id == instance.instance_id.value_or("") &&
          std::ranges::count(excluded, each.volume_id) == 0)
        volume_ids.push_back(each.volume_id);
    return {};
  }));
  return volume_ids;
}

}  // namespace

Status authorise_create_snapshot(Call& call, const api::CreateSnapshotRequest& request) {
  return authorise_snapshot_of(call, request.volume_id, request.tag_specifications, false);
}

Status authorise_snapshot_of(Call& call, const api::CreateSnapshotsRequest& request,
                             const std::string& volume_id) {
  return authorise_snapshot_of(call, volume_id, request.tag_specifications,
                               request.copy_tags_from_source.value_or("") == "volume");
}

Status authorise_create_snapshots(Call& call, const api::CreateSnapshotsRequest& request) {
  COFFER_CHECK(authorise_on_instance(call, "ec2:CreateSnapshots",
                                     request.instance_specification.instance_id.value_or("")));
  COFFER_TRY(volume_ids, attached_volumes(call, request.instance_specification));
  for (const auto& id : volume_ids) COFFER_CHECK(authorise_snapshot_of(call, request, id));
  return {};
}

bool copy_will_be_encrypted(const api::CopySnapshotRequest& request, const catalog::Snapshot& source) {
  return source.encrypted || request.encrypted.value_or(false);
}

Status authorise_copy_snapshot(Call& call, const api::CopySnapshotRequest& request) {
  COFFER_CHECK(
      authorise_on_snapshot(call, "ec2:CopySnapshot", request.source_snapshot_id, request.source_region));
  policy::Context context = region_context(call.region);
  context.set("ec2:ParentSnapshot", snapshot_arn(request.source_region, request.source_snapshot_id));
  context.set("ec2:Owner", call.account);
  // What is not there is refused by the handler.
  if (const auto source = find_snapshot(call, request.source_snapshot_id, request.source_region)) {
    context.set("ec2:Encrypted", text_of(copy_will_be_encrypted(request, *source)));
    context.set("ec2:VolumeSize", std::to_string(source->volume_size_gib));
  }
  add_request_tags(request.tag_specifications, context);
  return authorise_new_snapshot(call, std::move(context), has_tags(request.tag_specifications));
}

}  // namespace coffer::services::ec2
