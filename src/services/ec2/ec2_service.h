// SPDX-License-Identifier: Apache-2.0
// The Amazon EC2 API, as far as volumes and the hosts they attach to are concerned. One file an operation
// family. Thread-safe. Source: Amazon EC2 API Reference.
#pragma once
#include "generated/ec2/model.h"
#include "services/call.h"
#include "services/ec2/volume_locks.h"
#include "services/ec2/volume_worker.h"

namespace coffer::services::ec2 {

namespace api = coffer::ec2;  // the generated shapes

class Ec2Service final : public api::Handlers {
 public:
  explicit Ec2Service(Installation& installation) : installation_(installation), worker_(installation) {}

  // restore_attachments.cc
  // At start: finishes what an earlier process left half done, then works on volumes in the background.
  void resume();
  // When volumed (or keyd) is back: attaches again what the catalog says is attached, under a new Decrypt
  // each. False when something is left to try again (a key that is disabled now may be enabled later).
  bool restore_attachments();
  void stop() { worker_.stop(); }

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
};

}  // namespace coffer::services::ec2
