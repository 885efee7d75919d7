// SPDX-License-Identifier: Apache-2.0
// May the caller do what the EBS direct APIs are asked for? Asked on the snapshot that it is about, with its
// tags; a snapshot that is not there is asked about by its name alone. Source: Service Authorization
// Reference, Amazon Elastic Block Store.
#include "services/arn.h"
#include "services/ebs/ebs_service.h"
#include "services/ebs/snapshot_lookup.h"
#include "services/request_tags.h"

namespace coffer::services::ebs {
namespace {

Status authorise_on_snapshot(Call& call, const std::string& snapshot_id) {
  const auto found = find_snapshot(call, snapshot_id);
  if (!found && found.error().kind != ErrorKind::kNotFound) return tl::unexpected(found.error());
  return call.authorise({.action = "ebs:" + call.operation,
                         .resource = snapshot_arn(call.region, snapshot_id),
                         .resource_account = found ? found->account : call.account,
                         .context = found ? snapshot_context(*found) : policy::Context()});
}

// The snapshot that is to be has no name yet.
Status authorise_start(Call& call, const api::StartSnapshotRequest& request) {
  if (request.parent_snapshot_id) COFFER_CHECK(authorise_on_snapshot(call, *request.parent_snapshot_id));
  policy::Context context;
  context.set("ebs:VolumeSize", std::to_string(request.volume_size));
  if (request.description) context.set("ebs:Description", *request.description);
  if (request.parent_snapshot_id)
    context.set("ebs:ParentSnapshot", snapshot_arn(call.region, *request.parent_snapshot_id));
  for (const auto& tag : request.tags.value_or(std::vector<api::Tag>()))
    add_request_tag(tag.key.value_or(""), tag.value.value_or(""), context);
  const std::string arn = snapshot_arn(call.region, "*");
  COFFER_CHECK(call.authorise({.action = "ebs:StartSnapshot",
                               .resource = arn,
                               .resource_account = call.account,
                               .context = context}));
  if (!request.tags || request.tags->empty()) return {};
  context.set("ec2:Region", call.region);
  context.set("ec2:CreateAction", std::string("StartSnapshot"));
  return call.authorise({.action = "ec2:CreateTags",
                         .resource = arn,
                         .resource_account = call.account,
                         .context = std::move(context)});
}

Status authorise_changes(Call& call, const api::ListChangedBlocksRequest& request) {
  const std::string first = request.first_snapshot_id.value_or("");
  if (!first.empty()) COFFER_CHECK(authorise_on_snapshot(call, first));
  return authorise_on_snapshot(call, request.second_snapshot_id);
}

template <class Request>
Status authorise_the_snapshot(Call& call, const Request& request) {
  return authorise_on_snapshot(call, request.snapshot_id);
}

template <class Request>
Status ask(Call& call, const wire::Value& value, Status (*authorise)(Call&, const Request&)) {
  Request request;
  from_value(value, request);
  return authorise(call, request);
}

}  // namespace

Status EbsService::authorise(std::string_view operation, Call& call, const wire::Value& request) {
  if (operation == "CompleteSnapshot")
    return ask(call, request, authorise_the_snapshot<api::CompleteSnapshotRequest>);
  if (operation == "GetSnapshotBlock")
    return ask(call, request, authorise_the_snapshot<api::GetSnapshotBlockRequest>);
  if (operation == "ListChangedBlocks") return ask(call, request, authorise_changes);
  if (operation == "ListSnapshotBlocks")
    return ask(call, request, authorise_the_snapshot<api::ListSnapshotBlocksRequest>);
  if (operation == "PutSnapshotBlock")
    return ask(call, request, authorise_the_snapshot<api::PutSnapshotBlockRequest>);
  if (operation == "StartSnapshot") return ask(call, request, authorise_start);
  return call.authorise("ebs:" + call.operation, "*");
}

}  // namespace coffer::services::ebs
