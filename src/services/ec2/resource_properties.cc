// SPDX-License-Identifier: Apache-2.0
// find_properties of services/resource_properties.h, for volumes, snapshots and instances.
#include "services/resource_properties.h"

#include "services/ebs/snapshot_lookup.h"
#include "services/ec2/instance_lookup.h"
#include "services/ec2/permission_context.h"
#include "services/ec2/snapshot_lookup.h"
#include "services/ec2/volume_lookup.h"

namespace coffer::services::ec2 {
namespace {

using Found = std::optional<ResourceProperties>;

Result<Found> volume_properties(const ResourceQuestion& question, const std::string& id) {
  const Arn& arn = question.arn;
  COFFER_TRY(found, volume_of(question.installation, arn.account, arn.region, id));
  if (!found) return Found();
  return Found({arn.account, volume_context(arn.region, found->volume)});
}

Result<Found> snapshot_properties(const ResourceQuestion& question, const std::string& id) {
  COFFER_TRY(found, visible_snapshot(question.installation, question.arn.region, id));
  if (!found) return Found();
  if (question.action.starts_with("ebs:")) return Found({found->account, ebs::snapshot_context(*found)});
  return Found({found->account, snapshot_context(question.arn.region, *found)});
}

// Hosts serve every account in every region.
Result<Found> instance_properties(const ResourceQuestion& question, const std::string& id) {
  COFFER_TRY(host, host_named(question.installation, id));
  if (!host) return Found();
  return Found({question.arn.account, instance_context(question.arn.region, id, host)});
}

}  // namespace

Result<Found> find_properties(const ResourceQuestion& question) {
  const size_t slash = question.arn.resource.find('/');
  if (slash == std::string::npos) return Found();
  const std::string type = question.arn.resource.substr(0, slash);
  const std::string id = question.arn.resource.substr(slash + 1);
  if (type == "volume") return volume_properties(question, id);
  if (type == "snapshot" && question.arn.account.empty()) return snapshot_properties(question, id);
  if (type == "instance") return instance_properties(question, id);
  return Found();
}

}  // namespace coffer::services::ec2
