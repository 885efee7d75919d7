// SPDX-License-Identifier: Apache-2.0
// The Amazon EC2 API, as far as volumes and the hosts they attach to are concerned. One file an operation
// family. Thread-safe. Source: Amazon EC2 API Reference.
#pragma once
#include "generated/ec2/model.h"
#include "services/call.h"
#include "services/ec2/snapshot_worker.h"
#include "services/ec2/volume_locks.h"
#include "services/ec2/volume_worker.h"

namespace coffer::services::ec2 {

namespace api = coffer::ec2;  // the generated shapes

class Ec2Service final : public api::Handlers {
 public:
  explicit Ec2Service(Installation& installation)
      : installation_(installation), worker_(installation), snapshot_worker_(installation, locks_) {}

  // restore_attachments.cc
  // At start: finishes what an earlier process left half done, then works on volumes in the background.
  void resume();
  // When volumed (or keyd) is back: attaches again what the catalog says is attached, under a new Decrypt
  // each. False when something is left to try again (a key that is disabled now may be enabled later).
  bool restore_attachments();
  void stop() {
    worker_.stop();
    snapshot_worker_.stop();
  }

  // permissions.cc
  // What the pipeline asks before anything is done, dry runs among it; handlers do not ask for their own
  // operation again, but for what it depends on.
  Status authorise(std::string_view operation, Call& call, const wire::Value& request);
  // create_volume.cc
  Result<api::Volume> create_volume(Call& call, const api::CreateVolumeRequest& request) override;
  // describe_volumes.cc
  Result<api::DescribeVolumesResult> describe_volumes(Call& call,
                                                      const api::DescribeVolumesRequest& request) override;
  // describe_tags.cc
  Result<api::DescribeTagsResult> describe_tags(Call& call, const api::DescribeTagsRequest& request) override;
  // delete_volume.cc
  Result<api::DeleteVolumeResponse> delete_volume(Call& call,
                                                  const api::DeleteVolumeRequest& request) override;
  // attach_volume.cc
  Result<api::VolumeAttachment> attach_volume(Call& call, const api::AttachVolumeRequest& request) override;
  // detach_volume.cc
  Result<api::VolumeAttachment> detach_volume(Call& call, const api::DetachVolumeRequest& request) override;
  // create_snapshot.cc
  Result<api::Snapshot> create_snapshot(Call& call, const api::CreateSnapshotRequest& request) override;
  Result<api::CreateSnapshotsResult> create_snapshots(Call& call,
                                                      const api::CreateSnapshotsRequest& request) override;
  // describe_snapshots.cc
  Result<api::DescribeSnapshotsResult> describe_snapshots(
      Call& call, const api::DescribeSnapshotsRequest& request) override;
  // delete_snapshot.cc
  Result<api::DeleteSnapshotResponse> delete_snapshot(Call& call,
                                                      const api::DeleteSnapshotRequest& request) override;
  // copy_snapshot.cc
  Result<api::CopySnapshotResult> copy_snapshot(Call& call, const api::CopySnapshotRequest& request) override;
  // modify_volume.cc
  Result<api::ModifyVolumeResult> modify_volume(Call& call, const api::ModifyVolumeRequest& request) override;
  Result<api::DescribeVolumesModificationsResult> describe_volumes_modifications(
      Call& call, const api::DescribeVolumesModificationsRequest& request) override;
  // rekey_volume.cc
  Result<api::RekeyVolumeResult> rekey_volume(Call& call, const api::RekeyVolumeRequest& request) override;
  Result<api::DescribeVolumeRekeysResult> describe_volume_rekeys(
      Call& call, const api::DescribeVolumeRekeysRequest& request) override;
  Result<api::DescribeVolumeOldKeySnapshotsResult> describe_volume_old_key_snapshots(
      Call& call, const api::DescribeVolumeOldKeySnapshotsRequest& request) override;
  // tags.cc
  Result<api::CreateTagsResponse> create_tags(Call& call, const api::CreateTagsRequest& request) override;
  Result<api::DeleteTagsResponse> delete_tags(Call& call, const api::DeleteTagsRequest& request) override;
  // instances.cc
  Result<api::DescribeInstancesResult> describe_instances(
      Call& call, const api::DescribeInstancesRequest& request) override;
  // zones.cc
  Result<api::DescribeRegionsResult> describe_regions(Call& call,
                                                      const api::DescribeRegionsRequest& request) override;
  Result<api::DescribeAvailabilityZonesResult> describe_availability_zones(
      Call& call, const api::DescribeAvailabilityZonesRequest& request) override;

 private:
  Result<bool> reconcile(const std::string& volume_id);

  Installation& installation_;
  VolumeLocks locks_;
  VolumeWorker worker_;
  SnapshotWorker snapshot_worker_;
};

}  // namespace coffer::services::ec2
