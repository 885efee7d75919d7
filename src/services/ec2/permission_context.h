// SPDX-License-Identifier: Apache-2.0
// What policies may ask of EC2's resources, and of the tags in a request: condition keys. Thread-safe.
// Source: Service Authorization Reference, Amazon EC2 (resource types, condition keys).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "generated/ec2/model.h"
#include "services/call.h"

namespace coffer::services::ec2 {

std::string text_of(bool value);  // "true", "false"

// ec2:Region, which every action has: the region that is called.
policy::Context region_context(const std::string& region);
// With ec2:VolumeID, what the volume is like, and its tags.
policy::Context volume_context(const std::string& region, const catalog::Volume& volume);
// With ec2:SnapshotID, what the snapshot is like, and its tags.
policy::Context snapshot_context(const std::string& region, const catalog::Snapshot& snapshot);
// With ec2:InstanceID, what DescribeInstances shows of the host, and its tags. `host`: none where there is no
// such host.
policy::Context instance_context(const std::string& region, const std::string& instance_id,
                                 const std::optional<catalog::Instance>& host);

// aws:RequestTag/NAME and aws:TagKeys; a tag without a value has no aws:RequestTag.
void add_request_tags(const std::vector<coffer::ec2::Tag>& tags, policy::Context& context);
void add_request_tags(const std::optional<std::vector<coffer::ec2::TagSpecification>>& specifications,
                      policy::Context& context);
bool has_tags(const std::optional<std::vector<coffer::ec2::TagSpecification>>& specifications);

}  // namespace coffer::services::ec2
