// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/permissions.h"

#include <algorithm>

#include "base/ids.h"
#include "services/arn.h"
#include "services/ec2/create_volume_permission.h"
#include "services/ec2/ec2_service.h"
#include "services/ec2/instance_lookup.h"
#include "services/ec2/permission_context.h"
#include "services/ec2/snapshot_lookup.h"
#include "services/ec2/volume_lookup.h"

namespace coffer::services::ec2 {
namespace {

// What is wrong with a name is for the handler to say.
bool is_about_the_name(const Error& error) {
  return error.kind == ErrorKind::kNotFound || error.kind == ErrorKind::kInvalidArgument;
}

Status authorise_attach(Call& call, const api::AttachVolumeRequest& request) {
  COFFER_CHECK(authorise_on_volume(call, "ec2:AttachVolume", request.volume_id));
  return authorise_on_instance(call, "ec2:AttachVolume", request.instance_id);
}

// The instance need not be named: it is the one that the volume is attached to.
Status authorise_detach(Call& call, const api::DetachVolumeRequest& request) {
  COFFER_CHECK(authorise_on_volume(call, "ec2:DetachVolume", request.volume_id));
  std::optional<std::string> instance = request.instance_id;
  if (!instance) {
    const auto found = find_volume(call, request.volume_id);
    if (found && found->attachment) instance = found->attachment->instance_id;
    if (!found && !is_about_the_name(found.error())) return tl::unexpected(found.error());
  }
  if (!instance) return {};
  return authorise_on_instance(call, "ec2:DetachVolume", *instance);
}

Status authorise_modify(Call& call, const api::ModifyVolumeRequest& request) {
  policy::Context changes;
  const auto change = [&](const char* name, const auto& value) {
    if (!value) return;
    changes.add("ec2:Attribute", name);
    if constexpr (std::is_same_v<std::decay_t<decltype(*value)>, std::string>)
      changes.set(std::string("ec2:Attribute/") + name, *value);
    else
      changes.set(std::string("ec2:Attribute/") + name, std::to_string(*value));
  };
  change("Size", request.size);
  change("VolumeType", request.volume_type);
  change("Iops", request.iops);
  change("Throughput", request.throughput);
  return authorise_on_volume(call, "ec2:ModifyVolume", request.volume_id, changes);
}

Status authorise_on_each(Call& call, const std::string& action, const std::vector<std::string>& ids,
                         const std::vector<api::Tag>& tags) {
  policy::Context context;
  add_request_tags(tags, context);
  for (const auto& id : ids) {
    if (id.starts_with("vol-"))
      COFFER_CHECK(authorise_on_volume(call, action, id, context));
    else if (id.starts_with("snap-"))
      COFFER_CHECK(authorise_on_snapshot(call, action, id, call.region, context));
    else if (id.starts_with("i-"))
      COFFER_CHECK(authorise_on_instance(call, action, id, context));
    else  // of a kind that is not here
      COFFER_CHECK(call.authorise({.action = action, .context = region_context(call.region)}));
  }
  return {};
}

Status authorise_create_tags(Call& call, const api::CreateTagsRequest& request) {
  return authorise_on_each(call, "ec2:CreateTags", request.resources, request.tags);
}

Status authorise_delete_tags(Call& call, const api::DeleteTagsRequest& request) {
  return authorise_on_each(call, "ec2:DeleteTags", request.resources,
                           request.tags.value_or(std::vector<api::Tag>()));
}

// Of one volume or snapshot and nothing else.
template <class Request>
Status authorise_the_volume(Call& call, const Request& request) {
  return authorise_on_volume(call, "ec2:" + call.operation, request.volume_id);
}
Status authorise_delete_snapshot(Call& call, const api::DeleteSnapshotRequest& request) {
  return authorise_on_snapshot(call, "ec2:DeleteSnapshot", request.snapshot_id, call.region);
}

template <class Request>
Status ask(Call& call, const wire::Value& value, Status (*authorise)(Call&, const Request&)) {
  Request request;
  from_value(value, request);
  return authorise(call, request);
}

}  // namespace

Status authorise_on_volume(Call& call, const std::string& action, const std::string& volume_id,
                           const policy::Context& more) {
  const auto found = find_volume(call, volume_id);
  if (!found && !is_about_the_name(found.error())) return tl::unexpected(found.error());
  policy::Context context = found ? volume_context(call.region, found->volume) : region_context(call.region);
  context.set("ec2:VolumeID", volume_id);
  context.set_all(more);
  return call.authorise({.action = action,
                         .resource = volume_arn(call.region, call.account, volume_id),
                         .resource_account = call.account,
                         .context = std::move(context)});
}

Status authorise_on_snapshot(Call& call, const std::string& action, const std::string& snapshot_id,
                             const std::string& region, const policy::Context& more) {
  const auto found = find_snapshot(call, snapshot_id, region);
  if (!found && !is_about_the_name(found.error())) return tl::unexpected(found.error());
  policy::Context context = found ? snapshot_context(call.region, *found) : region_context(call.region);
  context.set("ec2:SnapshotID", snapshot_id);
  context.set_all(more);
  return call.authorise({.action = action,
                         .resource = snapshot_arn(region, snapshot_id),
                         .resource_account = found ? found->account : call.account,
                         .context = std::move(context)});
}

Status authorise_on_instance(Call& call, const std::string& action, const std::string& instance_id,
                             const policy::Context& more) {
  COFFER_TRY(host, host_named(call.installation, instance_id));
  policy::Context context = instance_context(call.region, instance_id, host);
  context.set_all(more);
  return call.authorise({.action = action,
                         .resource = instance_arn(call.region, call.account, instance_id),
                         .resource_account = call.account,
                         .context = std::move(context)});
}

Status authorise_new_tags(Call& call, const std::string& arn, policy::Context context) {
  context.set("ec2:CreateAction", call.operation);
  return call.authorise({.action = "ec2:CreateTags",
                         .resource = arn,
                         .resource_account = call.account,
                         .context = std::move(context)});
}

Status Ec2Service::authorise(std::string_view operation, Call& call, const wire::Value& request) {
  if (operation == "AttachVolume") return ask(call, request, authorise_attach);
  if (operation == "CopySnapshot") return ask(call, request, authorise_copy_snapshot);
  if (operation == "CreateSnapshot") return ask(call, request, authorise_create_snapshot);
  if (operation == "CreateSnapshots") return ask(call, request, authorise_create_snapshots);
  if (operation == "CreateTags") return ask(call, request, authorise_create_tags);
  if (operation == "CreateVolume") return ask(call, request, authorise_create_volume);
  if (operation == "DeleteSnapshot") return ask(call, request, authorise_delete_snapshot);
  if (operation == "DeleteTags") return ask(call, request, authorise_delete_tags);
  if (operation == "DeleteVolume") return ask(call, request, authorise_the_volume<api::DeleteVolumeRequest>);
  if (operation == "DetachVolume") return ask(call, request, authorise_detach);
  if (operation == "ModifyVolume") return ask(call, request, authorise_modify);
  if (operation == "RekeyVolume") return ask(call, request, authorise_the_volume<api::RekeyVolumeRequest>);
  // What only describes is asked about as such.
  return call.authorise({.action = "ec2:" + call.operation, .context = region_context(call.region)});
}

}  // namespace coffer::services::ec2
