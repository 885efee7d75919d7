// SPDX-License-Identifier: Apache-2.0
// May the caller do what EC2 is asked for? Asked on each resource that the operation is about, before
// anything is done. A resource that is not there is asked about by its name alone: whoever may not act on it
// does not learn that. Thread-safe.
// Source: Service Authorization Reference, Amazon EC2 (actions and their resource types).
#pragma once
#include <string>

#include "generated/ec2/model.h"
#include "services/call.h"

namespace coffer::services::ec2 {

// UnauthorizedOperation, from all of these; other errors where the catalog cannot be read.
Status authorise_on_volume(Call& call, const std::string& action, const std::string& volume_id,
                           const policy::Context& more = {});
Status authorise_on_snapshot(Call& call, const std::string& action, const std::string& snapshot_id,
                             const std::string& region, const policy::Context& more = {});
Status authorise_on_instance(Call& call, const std::string& action, const std::string& instance_id,
                             const policy::Context& more = {});

// snapshot_permissions.cc
Status authorise_create_snapshot(Call& call, const coffer::ec2::CreateSnapshotRequest& request);
Status authorise_create_snapshots(Call& call, const coffer::ec2::CreateSnapshotsRequest& request);
// For one volume of those: whatever is attached when they are made.
Status authorise_snapshot_of(Call& call, const coffer::ec2::CreateSnapshotsRequest& request,
                             const std::string& volume_id);
Status authorise_copy_snapshot(Call& call, const coffer::ec2::CopySnapshotRequest& request);
// As the copy will be, not as the request says.
bool copy_will_be_encrypted(const coffer::ec2::CopySnapshotRequest& request, const catalog::Snapshot& source);

// Tags along with what is made: ec2:CreateTags on `arn` too, with ec2:CreateAction.
Status authorise_new_tags(Call& call, const std::string& arn, policy::Context context);

}  // namespace coffer::services::ec2
